package attach

import (
	"context"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/topics"
	"github.com/devloop-cli/devloop/internal/lists"
)

// problemsAnswer says what is wrong, and since which build.
type problemsAnswer struct {
	Service string `json:"service,omitempty"` // of several
	Cycle   int    `json:"cycle"`
	Serving bool   `json:"serving"`
	// Building says that a build runs, after which this may be outdated.
	Building bool            `json:"building,omitempty"`
	Problems []event.Problem `json:"problems"`
	Failure  *event.Failure  `json:"failure,omitempty"`
	Outage   *event.Failure  `json:"outage,omitempty"`
}

func problems(ctx context.Context, client *control.Client, _ noArguments) (any, error) {
	state, err := client.State(ctx)
	if err != nil {
		return nil, err
	}
	if len(state.Services) == 0 {
		return problemsOf(state.ServiceState), nil
	}
	return map[string]any{"services": lists.Map(state.Services, problemsOf)}, nil
}

func problemsOf(s event.ServiceState) problemsAnswer {
	answer := problemsAnswer{
		Service: s.Service, Cycle: s.Cycle.Number, Serving: s.Localhost.Serving != nil, Building: s.Cycle.Outcome == "",
		Problems: []event.Problem{}, Failure: s.Cycle.Failure, Outage: s.Localhost.Outage,
	}
	if answer.Failure != nil {
		answer.Problems = append(answer.Problems, answer.Failure.Problems()...)
	}
	return answer
}

// explanation is about a term or, without one, about the path of the last build.
type explanation struct {
	Cycle   int           `json:"cycle"`
	Outcome event.Outcome `json:"outcome,omitempty"`
	Path    string        `json:"path,omitempty"`
	Why     string        `json:"why,omitempty"`
	Topic   *topics.Topic `json:"topic,omitempty"`
}

func explain(ctx context.Context, client *control.Client, in explainArguments) (any, error) {
	whole, err := client.State(ctx)
	if err != nil {
		return nil, err
	}
	state := whole.Of(in.Service)
	answer := explanation{Cycle: state.Cycle.Number}
	if in.Term == "" && len(whole.Services) > 0 && state.Service == "" {
		return nil, unnamed(whole.Services, func(s event.ServiceState) string { return s.Service })
	}
	if in.Term == "" {
		answer.Outcome, answer.Path, answer.Why = state.Cycle.Outcome, state.Cycle.Path, state.Cycle.Why
		return answer, nil
	}
	topic, err := topics.Find(in.Term, topics.All("en"))
	answer.Topic = &topic
	return answer, err
}
