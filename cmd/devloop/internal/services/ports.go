package services

import (
	"sync"

	"github.com/devloop-cli/devloop/runner/localport"
)

// Ports keeps the services of a session from asking for the same local port: the application's own goes to the first
// one that asks, the next ones to the others. The zero value has none.
type Ports struct {
	mu       sync.Mutex
	owners   map[int]string // the service, by local port
	reserved map[string]reservation
}

// reservation is the local port for the application's own.
type reservation struct{ own, local int }

// Reserve reserves a local port for that of a service's application; 0 reserves none. Ports do not depend on which
// service starts first if they are reserved in the same order each time.
func (p *Ports) Reserve(service string, own int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owners == nil {
		p.owners, p.reserved = map[int]string{}, map[string]reservation{}
	}
	if own > 0 {
		p.reserved[service] = reservation{own, p.take(service, own)}
	}
}

// For returns the options of a local port that no other service has.
func (p *Ports) For(service string, o localport.Options) localport.Options {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.reserved[service]; o.Local == r.own && !o.Strict {
		o.Local = r.local
	}
	if o.Local > 0 && !o.Strict {
		o.Local = p.take(service, o.Local)
	}
	return o
}

// take returns the first port from a number on that no other service has, which the service has from then on.
func (p *Ports) take(service string, port int) int {
	for p.owners[port] != "" && p.owners[port] != service {
		port++
	}
	p.owners[port] = service
	return port
}
