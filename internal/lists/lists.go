// Package lists makes one slice of another, for which package slices has no function.
//
//	names := lists.Map(pods, func(p kube.Pod) string { return p.Name })
package lists

// Map returns what of makes of each element, nil for no elements.
func Map[E, R any](list []E, of func(E) R) (all []R) {
	for _, e := range list {
		all = append(all, of(e))
	}
	return all
}
