// Package debugport lets debuggers into the JVMs of Pods: an IDE connects to a local port that stays
// open, as a browser does, while package jdwp leads it to the JVM of whichever Pod serves.
//
//	options, port := debugport.JVMOptions(o, manifest, images, img) // the JVM listens at port
//	set.Add(relay, endpoint)
//	set.Route(pods, dial)                                           // the IDE reaches the JVM
//	set.Detach()                                                    // before the Pod goes
//
// A JVM that waits for its debugger gets one at once: it does not serve before.
package debugport

import (
	"errors"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Set are the local ports of a session for debuggers.
type Set []*Port

// Port is the local port at which the JVM of a Pod is debugged.
type Port struct {
	*jdwp.Relay
	to  kube.Endpoint // without a port
	pod types.UID     // the Pod that it leads to, "" for none
}

// Add adds a port for the Pod of an endpoint.
func (s *Set) Add(relay *jdwp.Relay, to kube.Endpoint) {
	*s = append(*s, &Port{Relay: relay, to: to})
}

// Has reports whether there is a port for the Pod of an endpoint.
func (s Set) Has(to kube.Endpoint) bool {
	return slices.ContainsFunc(s, func(p *Port) bool { return p.to == to })
}

// Route leads the ports to the JVMs of Pods, and calls routed for each that led elsewhere before.
// An IDE that is attached to one stays.
func (s Set) Route(pods []kube.Pod, dial func(kube.Pod) jdwp.Dial, routed func(p *Port, pod kube.Pod)) {
	for _, p := range s {
		pod := ports.PodOf(pods, p.to)
		if pod == nil || p.pod == pod.UID {
			continue
		}
		p.pod = pod.UID
		p.SetTarget(pod.Name, dial(*pod))
		routed(p, *pod)
	}
}

// Detach lets go of the JVMs that are about to end. What stands at a breakpoint goes on and is
// answered; a JVM that stands still would not end on its own, either.
func (s Set) Detach() {
	for _, p := range s {
		p.pod = ""
		p.Pause()
	}
}

// Fail tells debuggers why there is no JVM to wait for.
func (s Set) Fail(why string) {
	for _, p := range s {
		p.pod = ""
		p.SetUnavailable(why)
	}
}

// Of returns the port that leads to a Pod, nil if none does.
func (s Set) Of(pod kube.Pod) *Port {
	i := slices.IndexFunc(s, func(p *Port) bool { return p.pod == pod.UID })
	if i < 0 {
		return nil
	}
	return s[i]
}

// Attached reports whether a debugger may have stopped a Pod, which is then not asked anything.
func (s Set) Attached(pod kube.Pod) bool {
	p := s.Of(pod)
	return p != nil && p.Relay.Attached()
}

// Redefined returns the files of the classes that an IDE has put into the JVMs.
func (s Set) Redefined() (files []string) {
	for _, p := range s {
		for _, name := range p.RedefinedByClient() {
			files = append(files, name+".class")
		}
	}
	return files
}

// Addresses says where the JVMs of Pods are debugged.
func (s Set) Addresses(pods []kube.Pod) string {
	var at []string
	for _, pod := range pods {
		if p := s.Of(pod); p != nil {
			at = append(at, p.Address())
		}
	}
	return strings.Join(at, " and ")
}

// Close closes all ports.
func (s Set) Close() error {
	var errs []error
	for _, p := range s {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
