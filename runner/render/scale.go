package render

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
)

// rollOutFields keep Pods on an old image: a StatefulSet's partition, and the pause of a Deployment.
var rollOutFields = [][]string{{"spec", "updateStrategy", "rollingUpdate", "partition"}, {"spec", "paused"}}

// rollOut has all Pods of an object get the project's new image.
func rollOut(o *unstructured.Unstructured, s Spec) {
	if s.Image == "" || !UsesImage(o, s.Image) {
		return
	}
	for _, field := range rollOutFields {
		unstructured.RemoveNestedField(o.Object, field...)
	}
}

// leaveScale leaves the number of Pods to an autoscaler of the same manifest. Otherwise each save would bring back the
// manifest's number, and the autoscaler its own
// (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling).
func leaveScale(o *unstructured.Unstructured, all []*unstructured.Unstructured) {
	for _, scaler := range all {
		kind, _, _ := unstructured.NestedString(scaler.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(scaler.Object, "spec", "scaleTargetRef", "name")
		if kind == "" {
			kind = "Deployment" // the default of KEDA's ScaledObject
		}
		if (kube.Ref{Kind: kind, Namespace: scaler.GetNamespace(), Name: name}) == kube.RefOf(o) {
			unstructured.RemoveNestedField(o.Object, "spec", "replicas")
		}
	}
}

// scale adds what rollOut and leaveScale left out.
func (l *changeList) scale(before, after *unstructured.Unstructured) {
	for _, field := range append(rollOutFields, []string{"spec", "replicas"}) {
		old, had, _ := unstructured.NestedFieldNoCopy(before.Object, field...)
		if _, has, _ := unstructured.NestedFieldNoCopy(after.Object, field...); had && !has {
			l.add("no %s, was %v", field[len(field)-1], old)
		}
	}
}
