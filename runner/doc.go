// Package runner brings an image to life in a cluster: from a manifest to a Pod
// that answers, and from there to a port of this machine.
//
//	r, err := runner.Connect(runner.ConnectOptions{})
//	m, err := manifest.Load("spring-pod.yaml")   // or manifest.Generate
//	pods, err := r.Replace(ctx, runner.Spec{
//		Project: "spring-server", Dir: dir, Manifest: m,
//		Image: "spring-server:devloop-0123456789ab", Names: []string{"spring-server"},
//	})
//	err = r.Ready(ctx, pods, func(p readiness.Phase) { … })
//	f, err := r.Listen(ctx, localport.Options{Local: 8080})
//	f.SetBackend(pods[0], 8080)                         // http://localhost:8080
//
// This package joins the packages below it: manifest reads YAML; deploy creates, replaces and removes
// objects; readiness waits for Pods; supervisor changes a running application; inspect, podlogs and
// podexec look into Pods; localport is the port of this machine.
//
// Building and loading the image, deciding when to do so, and showing anything are left to others.
// Errors carry their evidence and hints.
package runner
