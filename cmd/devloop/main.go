// Command devloop takes a Spring Boot project to a Pod in a local Kubernetes cluster, and keeps it up to date there.
package main

import (
	"cmp"
	"context"
	"os"
	"runtime"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
)

func main() {
	if variable := unsetLocale(runtime.GOOS, os.Getenv); variable != "" {
		_ = os.Setenv(variable, "C.UTF-8")
	}
	ctx, stop := wiring.Interruptible(context.Background())
	code := cli.Main(ctx, os.Args, wiring.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

// unsetLocale returns the variable that gives builds a locale for characters where the user has none, as in scripts,
// else "". Without it, a JDK takes the names of files for ASCII, and Maven fails in a directory named "Größe".
func unsetLocale(system string, getenv func(string) string) string {
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG"), "C")
	switch {
	case system != "linux" || locale != "C" && locale != "POSIX":
		return ""
	case getenv("LC_ALL") != "":
		return "LC_ALL"
	default:
		return "LC_CTYPE"
	}
}
