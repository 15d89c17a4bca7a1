package services

import (
	"slices"
	"sync"
)

// maxSpares is how many services may have a spare JVM, which takes about as much memory as an unused application.
const maxSpares = 2

// Budget says which services may prepare a spare JVM: those that were saved last, at first those that were named first.
type Budget struct {
	mu    sync.Mutex
	order []string // the one that was saved last at the end
}

// NewBudget returns a budget for services.
func NewBudget(names ...string) *Budget {
	order := slices.Clone(names)
	slices.Reverse(order)
	return &Budget{order: order}
}

// Touch records that a service was saved.
func (b *Budget) Touch(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order = append(slices.DeleteFunc(b.order, func(other string) bool { return other == name }), name)
}

// Allows reports whether a service may prepare a spare JVM.
func (b *Budget) Allows(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.order[max(0, len(b.order)-maxSpares):], name)
}
