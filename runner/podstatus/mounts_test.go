package podstatus

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestMountFailure(t *testing.T) {
	t.Parallel()
	const volume = `MountVolume.SetUp failed for volume "kube-api-access-tls27" : failed to fetch token: `
	for message, wanted := range map[string]bool{
		`MountVolume.SetUp failed for volume "settings" : configmap "shop" not found`: true,
		volume + `serviceaccounts "shop" is forbidden`:                                true,
		volume + `Post "https://172.18.0.3:6443/api/v1/namespaces/shop/serviceaccounts/default/token": dial tcp 172.18.0.3:6443: connect: connection refused`: false,
		volume + `Post "https://172.18.0.3:6443/api/v1/namespaces/shop/serviceaccounts/default/token": unexpected EOF`:                                        false,
	} {
		e := corev1.Event{Reason: "FailedMount", Message: message, Count: mountAttempts}
		if got := MountFailure(e); (got != nil) != wanted {
			t.Errorf("%s: got %+v", message, got)
		}
		e.Count--
		if got := MountFailure(e); got != nil {
			t.Errorf("it may be over: %+v", got)
		}
	}
}
