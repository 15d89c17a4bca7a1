// Package loader loads an image into the nodes of a local Kubernetes cluster.
//
//	cluster, err := loader.Detect(ctx, docker, "kind-devloop", "https://127.0.0.1:34131")
//	report, err := cluster.Loader.Load(ctx, "spring-server:devloop-3f2a90c1d4e5", img)
//	// report.Sent: 20 kB of a 300 MB image when one class changed, 0 the second time
//
// A node's image store is usually not that of the Docker engine that builds images. The usual
// way there exports the whole image and imports it again; devloop sends only the layers that
// the node does not have, and has the node prove that it has the image.
//
// [Detect] recognizes the cluster, and so how images reach its nodes:
//
//	kind, k3d, minikube with containerd in a container   package containerd
//	minikube with Docker's engine in its nodes           package dockerd
//	any other minikube                                   its own command, which takes the whole image
//	Docker Desktop, Rancher Desktop, minikube's "none"   nothing: the nodes share the engine's images
//
// Package kindcluster creates and repairs devloop's own kind cluster. Packages builder and runner do the rest.
package loader

import "github.com/devloop-cli/devloop/loader/internal/load"

// What every loader has in common.
type (
	// Loader loads images into the nodes of one cluster.
	Loader = load.Loader
	// Report says what a load did.
	Report = load.Report
	// NodeReport says what a load did to one node.
	NodeReport = load.NodeReport
	// Cluster is a cluster on this machine.
	Cluster = load.Cluster
)

// CodeNotLocal is the error code of an endpoint that does not belong to a cluster on this machine.
const CodeNotLocal = load.CodeNotLocal
