package kube

import (
	"errors"
	"fmt"
	"net"
	"regexp"
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

// AdviceFor returns what the user can do about an answer of the API server about an object of a namespace, nil where
// nothing is known.
func AdviceFor(err error, namespace string) []string {
	if advice := AdviceForRefusal(err.Error(), namespace); apierrors.IsForbidden(err) && advice != nil {
		return advice
	}
	switch {
	case apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return []string{"the namespace is being removed: wait until it is gone, then try again"}
	case apierrors.IsUnauthorized(err), apierrors.IsForbidden(err):
		return []string{"your kubeconfig's user may not do this in this cluster: use another context"}
	default:
		return nil
	}
}

// missingAccount is in the message about a service account that the namespace does not have.
var missingAccount = regexp.MustCompile(`serviceaccount "([^"]+)" not found`)

// AdviceForRefusal says what to do where the API server does not take a Pod, nil where nothing is known.
func AdviceForRefusal(message, namespace string) []string {
	switch account := missingAccount.FindStringSubmatch(message); {
	case account != nil:
		return []string{fmt.Sprintf("add a ServiceAccount named %q to the manifest, in namespace %q",
			account[1], namespace)}
	case strings.Contains(message, "exceeded quota"), strings.Contains(message, "failed quota"):
		return []string{"compare what the Pod asks for with the quota: kubectl describe quota -n " + namespace}
	case strings.Contains(message, "violates PodSecurity"):
		return []string{"add the securityContext that the message asks for",
			"or allow such Pods: kubectl label namespace " + namespace +
				" pod-security.kubernetes.io/enforce=privileged --overwrite"}
	}
	return nil
}
