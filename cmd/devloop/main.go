// Command devloop takes a Spring Boot project to a Pod in a local Kubernetes
// cluster, and keeps it there while its sources change.
package main

import (
	"context"
	"os"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/app"
)

func main() {
	ctx, stop := app.Interruptible(context.Background())
	code := app.Main(ctx, os.Args, app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
