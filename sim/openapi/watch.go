package openapi

import (
	"net/http"
	"sync"
	"testing"
)

// Watcher reports violations as errors of a test. It is safe for concurrent use.
type Watcher struct {
	t testing.TB
	d *Description

	mu         sync.Mutex
	said       map[string]bool
	exchanges  int
	deliveries int
}

// Watch returns a watcher for t. Its methods take what a simulator lets tests observe.
func Watch(t testing.TB) *Watcher {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Watcher{t: t, d: d, said: map[string]bool{}}
}

// Exchange validates one REST exchange.
func (w *Watcher) Exchange(x Exchange) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.exchanges++
	w.report(w.d.Validate(x))
}

// Delivery validates one webhook delivery with its headers.
func (w *Watcher) Delivery(header http.Header, body []byte) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliveries++
	w.report(w.d.ValidateDelivery(header, body))
}

// Seen returns how many exchanges and deliveries were validated: a test that watched nothing proves nothing.
func (w *Watcher) Seen() (exchanges, deliveries int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.exchanges, w.deliveries
}

// report says each violation of an operation or event once, however often it occurs.
func (w *Watcher) report(err error) {
	w.t.Helper()
	vs, _ := err.(Violations)
	for _, v := range vs {
		if key := v.In + v.At + string(v.Kind) + v.Op; !w.said[key] {
			w.said[key] = true
			w.t.Errorf("not as GitHub describes it: %s", v)
		}
	}
}
