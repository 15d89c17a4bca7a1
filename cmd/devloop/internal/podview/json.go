package podview

import (
	"time"

	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/podstatus"

	corev1 "k8s.io/api/core/v1"
)

// Description is the JSON form of [Describe].
type Description struct {
	Row
	Explanation *Explanation `json:"explanation,omitempty"`
	Node        string       `json:"node,omitempty"`
	IP          string       `json:"ip,omitempty"`
	Parts       []Container  `json:"parts"`
	Conditions  []Condition  `json:"conditions"`
	Events      []Event      `json:"events"`
}

// Explanation says why a Pod does not serve.
type Explanation struct {
	Code     string   `json:"code"`
	Why      string   `json:"why"`
	Evidence []string `json:"evidence,omitempty"`
	Hints    []string `json:"hints,omitempty"`
}

// Container is a container of a Pod. Its probes are described in words.
type Container struct {
	Name       string                 `json:"name"`
	Init       bool                   `json:"init,omitempty"`
	Image      string                 `json:"image"`
	PullPolicy string                 `json:"pullPolicy"`
	Ready      bool                   `json:"ready"`
	Restarts   int                    `json:"restarts"`
	State      corev1.ContainerState  `json:"state"`
	Before     *corev1.ContainerState `json:"before,omitempty"`
	Ports      []int                  `json:"ports,omitempty"`
	Startup    string                 `json:"startup,omitempty"`
	Readiness  string                 `json:"readiness,omitempty"`
	Liveness   string                 `json:"liveness,omitempty"`
}

// Condition is a condition of a Pod.
type Condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Event is an event of a Pod.
type Event struct {
	Time    time.Time `json:"time"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Count   int       `json:"count"`
}

// DescriptionOf returns the JSON form of an inspection.
func DescriptionOf(i inspect.Inspection, row Row) Description {
	o := i.Object
	d := Description{Row: row, Node: o.Spec.NodeName, IP: o.Status.PodIP, Conditions: []Condition{}, Events: []Event{}}
	if i.Why != nil {
		d.Explanation = &Explanation{Code: i.Why.Code(), Why: i.Why.Why, Evidence: i.Why.Evidence(),
			Hints: i.Why.Hints()}
	}
	for _, c := range o.Spec.InitContainers {
		d.Parts = append(d.Parts, containerOf(c, statusOf(o, c), true))
	}
	for _, c := range o.Spec.Containers {
		d.Parts = append(d.Parts, containerOf(c, statusOf(o, c), false))
	}
	for _, c := range o.Status.Conditions {
		d.Conditions = append(d.Conditions, Condition{string(c.Type), string(c.Status), c.Reason, c.Message})
	}
	for _, e := range i.Events {
		d.Events = append(d.Events,
			Event{podstatus.EventTime(e).UTC(), e.Type, e.Reason, e.Message, max(1, int(e.Count))})
	}
	return d
}

func containerOf(c corev1.Container, s corev1.ContainerStatus, init bool) Container {
	v := Container{
		Name: c.Name, Init: init, Image: c.Image, PullPolicy: string(c.ImagePullPolicy),
		Ready: s.Ready, Restarts: int(s.RestartCount), State: s.State,
		Startup: Probe(c.StartupProbe), Readiness: Probe(c.ReadinessProbe), Liveness: Probe(c.LivenessProbe),
	}
	if s.LastTerminationState.Terminated != nil {
		v.Before = &s.LastTerminationState
	}
	for _, p := range c.Ports {
		v.Ports = append(v.Ports, int(p.ContainerPort))
	}
	return v
}
