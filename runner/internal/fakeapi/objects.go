package fakeapi

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Object returns an object in the namespace default.
func Object(version, kind, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion(version)
	o.SetKind(kind)
	o.SetName(name)
	if kind != "Namespace" {
		o.SetNamespace("default")
	}
	return o
}

// Controlled marks an object as made by another one.
func Controlled(o, owner *unstructured.Unstructured) *unstructured.Unstructured {
	o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(),
		Name: owner.GetName(), UID: owner.GetUID(), Controller: new(true)}})
	return o
}

// ServingPod returns a Pod of one container, "app", that is ready.
func ServingPod(name string) *unstructured.Unstructured {
	o := Object("v1", "Pod", name)
	o.SetUID(types.UID("uid-" + name))
	o.Object["spec"] = map[string]any{"nodeName": "kind-worker",
		"containers": []any{map[string]any{"name": "app", "image": "shop:devloop-1"}}}
	o.Object["status"] = map[string]any{
		"phase": "Running",
		"conditions": []any{map[string]any{"type": "PodScheduled", "status": "True"},
			map[string]any{"type": "Ready", "status": "True"}},
		"containerStatuses": []any{map[string]any{"name": "app", "ready": true, "restartCount": int64(0),
			"image": "shop",
			"state": map[string]any{"running": map[string]any{"startedAt": "2026-01-01T10:00:00Z"}}}},
	}
	return o
}

// served are the kinds that the server has.
var served = []metav1.APIResource{
	{Name: "pods", Kind: "Pod", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "configmaps", Kind: "ConfigMap", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "serviceaccounts", Kind: "ServiceAccount", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "services", Kind: "Service", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "events", Kind: "Event", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "namespaces", Kind: "Namespace", Version: "v1", Verbs: Verbs},
	{Name: "jobs", Kind: "Job", Group: "batch", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "deployments", Kind: "Deployment", Group: "apps", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "replicasets", Kind: "ReplicaSet", Group: "apps", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "statefulsets", Kind: "StatefulSet", Group: "apps", Version: "v1", Namespaced: true, Verbs: Verbs},
	{Name: "clusterroles", Kind: "ClusterRole", Group: "rbac.authorization.k8s.io", Version: "v1", Verbs: Verbs},
	{Name: "customresourcedefinitions", Kind: "CustomResourceDefinition", Group: "apiextensions.k8s.io",
		Version: "v1", Verbs: Verbs},
	{Name: "widgets", Kind: "Widget", Group: "example.com", Version: "v1", Namespaced: true, Verbs: Verbs},
}

// Verbs are what can be done with the kinds that are served.
var Verbs = metav1.Verbs{"get", "list", "watch", "create", "patch", "delete"}

// UID returns the server's n-th.
func UID(n int) types.UID { return types.UID(fmt.Sprintf("uid-%d", n)) }
