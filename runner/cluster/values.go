package cluster

import (
	"context"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Values returns what ConfigMaps and Secrets hold. Those that are not there are left out, and failed says why others
// could not be read. Once the API server does not answer, it is not asked for the rest.
func (c *Client) Values(ctx context.Context, refs ...kube.Ref) (
	found map[kube.Ref]map[string]string, failed map[kube.Ref]error) {
	found, failed = map[kube.Ref]map[string]string{}, map[kube.Ref]error{}
	var away error
	for _, ref := range refs {
		if away != nil {
			failed[ref] = away
			continue
		}
		data, err := c.data(ctx, ref)
		switch {
		case err == nil:
			found[ref] = data
		case kube.IsUnanswered(err):
			away = c.WrapError(ctx, "read", ref, err)
			failed[ref] = away
		case !apierrors.IsNotFound(err):
			failed[ref] = c.WrapError(ctx, "read", ref, err)
		}
	}
	return found, failed
}

// data returns what a ConfigMap or Secret holds.
func (c *Client) data(ctx context.Context, ref kube.Ref) (map[string]string, error) {
	data := map[string]string{}
	if ref.Kind == "ConfigMap" {
		o, err := c.Core.CoreV1().ConfigMaps(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		maps.Copy(data, o.Data)
		return data, nil
	}
	o, err := c.Core.CoreV1().Secrets(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	for key, value := range o.Data {
		data[key] = string(value)
	}
	return data, nil
}
