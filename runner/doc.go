// Package runner brings an image to life in a cluster: from a manifest to a Pod
// that answers, and from there to a port of this machine.
//
//	r, err := runner.Connect(runner.ConnectOptions{})
//	m, err := manifest.Load("spring-pod.yaml")   // or manifest.Generate
//	pods, err := r.Replace(ctx, runner.Spec{
//		Project: "spring-server", Dir: dir, Manifest: m,
//		Image: "spring-server:devloop-0123456789ab", Names: []string{"spring-server"},
//	})
//	err = r.Ready(ctx, pods, func(p runner.Phase) { … })
//	f, err := r.Listen(ctx, localport.Options{Local: 8080})
//	f.SetBackend(pods[0], 8080)                         // http://localhost:8080
//
// The parts, and where they are: manifests in package manifest; bringing objects to the cluster and
// removing them in deploy; changing what runs in supervisor; the local port in localport.
//
// # What it leaves to others
//
// Building and loading the image, deciding when to do so, and showing anything to
// anybody: the package returns values and errors that carry their own evidence.
package runner
