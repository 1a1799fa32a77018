package app

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// health remembers how the last sweep ended, which is what tells whether GitHub can be reached and knows the App.
type health struct {
	mu   sync.Mutex
	at   time.Time
	last error
	once bool
}

func (h *health) swept(at time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.last, h.once = at, err, true
}

// alive answers 200 while the process serves at all.
func (a *App) alive(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n"))
}

// ready answers 200 when deliveries can be stored, else 503, and tells how the last sweep went. A sweep that failed does
// not make the App unready: it must go on storing deliveries while GitHub's API is down. Errors are named by kind only,
// since the endpoint is open.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	state := map[string]string{"database": "ok", "sweep": a.health.sweep()}
	status := http.StatusOK
	if err := a.db.Ping(ctx); err != nil {
		a.log.Error("database not reached", "error", err)
		state["database"], status = "unreachable", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(state)
}

func (h *health) sweep() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.once:
		return "running for the first time"
	case h.last != nil:
		return "incomplete at " + h.at.UTC().Format(time.RFC3339)
	}
	return "complete at " + h.at.UTC().Format(time.RFC3339)
}
