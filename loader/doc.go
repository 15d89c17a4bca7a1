// Package loader brings an image to the nodes of a local Kubernetes cluster, and
// takes care of the kind cluster that devloop itself makes.
//
// A kind node is a container of the Docker engine. It runs containerd, whose
// content store is not the engine's: an image that was just built is unknown to it.
// The usual way there exports the whole image and imports it again. [Containers.Load]
// asks the node first which of the image's layers its content store has, and pipes
// to it an archive of only the others:
//
//	cluster, err := loader.Detect(ctx, docker, "kind-devloop", "https://127.0.0.1:34131")
//	report, err := cluster.Loader().Load(ctx, "spring-server:devloop-3f2a90c1d4e5", img)
//	// report.Sent: 20 kB of a 300 MB image when one class changed, 0 the second time
//
// # Products
//
// [Detect] tells which cluster a kube context leads to, and so how images get there:
//
//	kind, k3d, minikube with containerd in a container   as above: Containers
//	minikube with Docker's engine in its nodes           over TLS, what the engine lacks: Engines
//	any other minikube                                   its own command, the whole image, said aloud
//	Docker Desktop, Rancher Desktop, minikube's "none"   nothing: the nodes share the engine's images
//
// # Proof
//
// Nothing is believed because a command ended well. After the import containerd
// itself is asked whether the image's manifest is the one that was sent, whether
// all of its content is there and unpacked, and whether the kubelet's image service
// has taken notice of it. Where any of it is in doubt, everything is sent, once, and
// the report says so.
//
// # What a node is told
//
// The node's manifest is not the image's own. It names each layer by the digest of
// its uncompressed form (its diff ID) wherever that form's size is known without
// reading the layer, so that the same layer is the same content for the node however
// it came there: built here, saved by the engine, or loaded by kind. A compressed
// layer whose uncompressed size nobody knows keeps its own name. The configuration,
// and with it the image's ID, is passed on byte by byte.
//
// # What a node keeps
//
// After a load the node lets go of what became old: of each project's images that devloop
// loaded, the last two stay, and those that a container was made of.
//
// # Talking to a node
//
// Everything goes through the engine's exec API: no docker, kind or kubectl program,
// no temporary file. To start a command in a container takes the engine longer than a
// small load takes altogether, so a load leaves a shell in each node, which runs the same
// constant script, with other arguments, for the next load. It ends when the loader is
// closed, or with this process, whatever becomes of that: its input is a connection.
//
// # The cluster
//
// [Keeper] makes, starts and mends one kind cluster, and deletes it only if devloop
// made it. Which image is built, what is deployed and which cluster kubectl points to
// are other packages' business.
package loader
