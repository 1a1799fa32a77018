package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// metrics is what /metrics shows. Its labels hold fixed words and numbers only: nothing that an outsider can choose.
type metrics struct {
	registry   *prometheus.Registry
	deliveries *prometheus.CounterVec
	jobs       *prometheus.HistogramVec
	requests   *prometheus.HistogramVec
	verdicts   *prometheus.CounterVec
	checkRuns  *prometheus.CounterVec
	effects    *prometheus.HistogramVec
	sweeps     *prometheus.HistogramVec
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "agentplane", Name: name, Help: help}, labels)
	}
	seconds := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "agentplane", Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.005, 2, 15),
		}, labels)
	}
	m := &metrics{
		registry:   prometheus.NewRegistry(),
		deliveries: counter("deliveries_total", "Webhook deliveries, by the status they were answered with.", "status"),
		jobs:       seconds("job_seconds", "Time of one job, by kind and outcome.", "kind", "outcome"),
		requests:   seconds("github_request_seconds", "Time of one GitHub API request, by method and status.", "method", "status"),
		verdicts:   counter("verdicts_total", "Judgements of pull requests, by verdict.", "verdict"),
		checkRuns:  counter("check_runs_total", "Check runs, by what was done: created, updated or unchanged.", "done"),
		effects:    seconds("effect_seconds", "Time of one effect of a lane, by kind and outcome.", "kind", "outcome"),
		sweeps:     seconds("sweep_seconds", "Time of one sweep, by outcome.", "outcome"),
	}
	m.registry.MustRegister(m.deliveries, m.jobs, m.requests, m.verdicts, m.checkRuns, m.effects, m.sweeps,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) delivery(status int) { m.deliveries.WithLabelValues(strconv.Itoa(status)).Inc() }

func (m *metrics) request(r gh.Request) {
	m.requests.WithLabelValues(r.Method, strconv.Itoa(r.Status)).Observe(r.Elapsed.Seconds())
}

func (m *metrics) job(kind string, elapsed time.Duration, err error) {
	m.jobs.WithLabelValues(kind, outcome(err)).Observe(elapsed.Seconds())
}

func (m *metrics) effect(kind string, elapsed time.Duration, err error) {
	m.effects.WithLabelValues(kind, outcome(err)).Observe(elapsed.Seconds())
}

func (m *metrics) sweep(elapsed time.Duration, err error) {
	m.sweeps.WithLabelValues(outcome(err)).Observe(elapsed.Seconds())
}

func (m *metrics) verdict(reports []checks.Report) {
	for _, r := range reports {
		m.verdicts.WithLabelValues(string(r.Verdict())).Inc()
	}
}

func (m *metrics) checkRun(done string) { m.checkRuns.WithLabelValues(done).Inc() }

func outcome(err error) string {
	var limit *gh.RateLimitError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &limit):
		return "limited"
	case errors.Is(err, errUnsettled):
		return "unsettled"
	}
	return "failed"
}

// watch adds the store's figures, read when they are asked for.
func (m *metrics) watch(db *store.DB) {
	gauge := func(name, help string, value func(store.Stats) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Namespace: "agentplane", Name: name, Help: help}, func() float64 {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				defer cancel()
				stats, err := db.Stats(ctx)
				if err != nil {
					return -1
				}
				return value(stats)
			}))
	}
	gauge("waiting_keys", "Pull requests and repositories with notices that wait; -1 when the database cannot be read.",
		func(s store.Stats) float64 { return float64(s.Waiting) })
	gauge("retrying_keys", "Those of them whose last attempt failed; -1 when the database cannot be read.",
		func(s store.Stats) float64 { return float64(s.Retrying) })
	gauge("oldest_notice_seconds", "Age of the oldest notice that waits; -1 when the database cannot be read.",
		func(s store.Stats) float64 { return s.Oldest.Seconds() })
	m.watchLanes(db)
}

// watchLanes adds figures of the lanes, all of them together: a branch's name is no label.
func (m *metrics) watchLanes(db *store.DB) {
	gauge := func(name, help string, of func(queue.Lane) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Namespace: "agentplane", Name: name, Help: help}, func() float64 {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				defer cancel()
				ids, err := db.LaneIDs(ctx)
				sum := 0.0
				for _, id := range ids {
					l, _, e := db.Lane(ctx, id)
					sum, err = sum+of(l), errors.Join(err, e)
				}
				if err != nil {
					return -1
				}
				return sum
			}))
	}
	gauge("lane_entries", "Pull requests in lanes; -1 when the database cannot be read.",
		func(l queue.Lane) float64 { return float64(len(l.Entries)) })
	gauge("lane_candidates", "Candidates that are built, tested or landed; -1 when the database cannot be read.",
		func(l queue.Lane) float64 { return float64(len(l.Candidates)) })
	gauge("lanes_stopped", "Lanes that wait for a person: paused, frozen, or without a usable contract; -1 when the database cannot be read.",
		func(l queue.Lane) float64 {
			if kind := stop(l).Kind; kind == "" || kind == checks.StopRest {
				return 0
			}
			return 1
		})
}
