// Package runner brings an image to life: from a manifest to a Pod that answers, and to a port of this machine.
//
//	r, err := runner.Connect(cluster.Options{})
//	m, err := manifest.Load("spring-pod.yaml")   // or manifest.Generate
//	pods, err := r.Replace(ctx, deploy.Spec{Spec: render.Spec{
//		Project: "spring-server", Dir: dir, Manifest: m,
//		Image: "spring-server:devloop-0123456789ab", Names: []string{"spring-server"},
//	}})
//	err = r.Ready(ctx, pods, func(p readiness.Phase) { … })
//	f, err := r.Listen(ctx, localport.Options{Local: 8080})
//	f.SetBackend(pods[0], 8080)                         // http://localhost:8080
//
// [Runner] joins the packages below, from the bottom up:
//
//	kube, cluster      what a Pod and an object are called; the client of the API server
//	manifest, render   YAML to objects, and those as they go to the cluster
//	tunnel             connections to a port of a Pod
//	podstatus, explain why a Pod does not serve: the judgment, and its evidence from the cluster
//	inspect            lists Pods and finds one by its name
//	deploy             creates, replaces and removes objects
//	readiness          waits until Pods serve
//	supervisor         changes a running application
//	podlogs, podexec   logs of Pods, commands in them
//	localport          a port of this machine that outlives the Pods behind it
//
// Building and loading the image, when to do so, and showing anything are left to others. Errors carry hints.
package runner
