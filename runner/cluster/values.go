package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Values returns what ConfigMaps and Secrets hold. Those that are not there, or that the user may not read, are left out.
func (c *Client) Values(ctx context.Context, refs ...kube.Ref) map[kube.Ref]map[string]string {
	found := map[kube.Ref]map[string]string{}
	for _, ref := range refs {
		if data, err := c.data(ctx, ref); err == nil {
			found[ref] = data
		}
	}
	return found
}

// data returns what a ConfigMap or Secret holds.
func (c *Client) data(ctx context.Context, ref kube.Ref) (map[string]string, error) {
	if ref.Kind == "ConfigMap" {
		o, err := c.Core.CoreV1().ConfigMaps(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return o.Data, nil
	}
	o, err := c.Core.CoreV1().Secrets(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	data := map[string]string{}
	for key, value := range o.Data {
		data[key] = string(value)
	}
	return data, nil
}
