// Command etcd is etcd, the store behind the API server.
//
// The official program is the main package of the module go.etcd.io/etcd/v3, which
// pulls in the whole test suite; the server itself is a library, and its entry point
// is all that a node needs.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
