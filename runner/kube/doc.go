// Package kube has the words that the packages of runner share: which Pod, which object, which label.
//
//	p := kube.PodOf(pod)          // identity, images, ports, restarts
//	fmt.Println(p.Ref())          // pod "spring-pod"
//	if !kube.Owned(pod) { … }     // devloop did not make it
//
// Everything here is a value. Asking a cluster is package cluster's.
package kube
