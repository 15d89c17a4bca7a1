//go:build tools

// Package tools names the programs of a node's runtime that are built as they are,
// so that go.mod pins them. This module stands apart from kubernetes/ because each
// then resolves its dependencies as its own release did.
package tools

import (
	_ "github.com/containerd/containerd/v2/cmd/containerd"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"
	_ "github.com/containerd/containerd/v2/cmd/ctr"
)
