package kube

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// APIError says that the API server refused a request about an object.
type APIError struct {
	Verb   string // "create", "apply", "delete", "read" …
	Object Ref
	Err    error
	Advice []string // what the user can do, one action each
}

func (e *APIError) Error() string { return fmt.Sprintf("%s %s: %v", e.Verb, e.Object, e.Err) }

// Unwrap returns the API server's answer.
func (e *APIError) Unwrap() error { return e.Err }

// Code returns "deploy.failed".
func (e *APIError) Code() string { return "deploy.failed" }

// Hints returns the advice.
func (e *APIError) Hints() []string { return e.Advice }

// IsNotFoundOrReplaced says whether an object is gone or replaced, which is a conflict for a delete by UID.
func IsNotFoundOrReplaced(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsConflict(err)
}

// IsUnanswered says whether a request failed on the way to the API server.
func IsUnanswered(err error) bool {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "x509:")
}

// AdviceFor returns what the user can do about an answer of the API server, nil where nothing is known.
func AdviceFor(err error) []string {
	switch {
	case apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return []string{"the namespace is being removed: wait until it is gone, then try again"}
	case apierrors.IsUnauthorized(err), apierrors.IsForbidden(err):
		return []string{"your kubeconfig's user may not do this in this cluster: use another context"}
	default:
		return nil
	}
}
