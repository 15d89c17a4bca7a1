// Package runner brings an image to life in a cluster: from a manifest to a Pod
// that answers, and from there to a port of this machine.
//
//	r, err := runner.Connect(runner.ConnectOptions{})
//	m, err := runner.ReadManifests("spring-pod.yaml")   // or GenerateManifest
//	pods, err := r.Replace(ctx, runner.Spec{
//		Project: "spring-server", Dir: dir, Manifest: m,
//		Image: "spring-server:devloop-0123456789ab", Names: []string{"spring-server"},
//	})
//	err = r.Ready(ctx, pods, func(p runner.Phase) { … })
//	f, err := r.Listen(ctx, runner.Port{Local: 8080})
//	f.Point(pods[0], 8080)                              // http://localhost:8080
//
// The steps, and where they are:
//
//	manifest → replace → ready → why not   manifest.go check.go replace.go ready.go why.go
//	logs                                   logs.go
//	the local port                         listen.go forward.go tunnel.go
//	what is devloop's own: list, remove    marks.go list.go down.go
//
// # Bare Pods
//
// A Pod can't be changed into one with another image without restarts that count
// and lead to CrashLoopBackOff. So the old one is deleted, by UID, and the new one
// is made when the old one is gone. Everything else is applied on the server's
// side under the field manager [kube.FieldManager], which changes only the fields that
// the manifest names.
//
// # Ownership
//
// Every object that Replace makes carries the label [kube.LabelProject]. An object of the
// same name without it belongs to somebody else: it is neither replaced nor removed, unless [Spec.Adopt] says so. One that was
// made for another directory goes if [Spec.Yields] lets it.
//
// # What it leaves to others
//
// Building and loading the image, deciding when to do so, and showing anything to
// anybody: the package returns values and errors that carry their own evidence.
package runner
