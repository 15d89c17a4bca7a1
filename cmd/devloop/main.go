// Command devloop takes a Spring Boot project to a Pod in a local Kubernetes
// cluster, and keeps it there while its sources change.
package main

import (
	"context"
	"os"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
)

func main() {
	ctx, stop := wiring.Interruptible(context.Background())
	code := cli.Main(ctx, os.Args, wiring.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
