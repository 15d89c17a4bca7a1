// Package podstatus says why a Pod does not serve.
//
//	if f := podstatus.Diagnose(pod, restarts); f != nil {
//		fmt.Println(f.Code, f.Why)                // pod.image the image "web" is not on the node …
//		err := f.Explain(ref, pod, evidence)      // with the events, the log and hints
//	}
//
// It is made of pure functions of what Kubernetes reports: statuses, events, logs and socket tables. Each
// cause has a file: scheduling.go, imagepull.go, exitcode.go, probes.go, mounts.go, javalog.go. Package explain
// collects the evidence from a cluster.
package podstatus
