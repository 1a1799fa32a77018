package app_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/agentplane/agentplane/sim"
)

// history is what GitHub was asked by way of git, with its place in the order of GitHub's own events. The invariants of the
// lane are checked by it, and by those events: nothing that the App keeps or says about itself is believed.
type history struct {
	mu     sync.Mutex
	hub    *sim.GitHub
	begun  map[int]int // how many events there were before an exchange, by its number
	reads  []headRead
	pushes []branchPush
}

// headRead is a question where all references are, those of pull requests' heads among them.
type headRead struct{ exchange, events int }

// branchPush is an attempt to move the integration branch.
type branchPush struct {
	exchange, events int
	from, to         string
}

var moveBranch = regexp.MustCompile(`([0-9a-f]{40}) ([0-9a-f]{40}) refs/heads/integration/next\x00`)

// watch has the simulator tell everything to the history, besides what it tells already.
func (h *history) watch(o *sim.Options) {
	h.begun = map[int]int{}
	before, after := o.Before, o.Observe
	o.Before = func(x sim.Exchange) {
		h.begins(x)
		if before != nil {
			before(x)
		}
	}
	o.Observe = func(x sim.Exchange) {
		h.ended(x)
		if after != nil {
			after(x)
		}
	}
}

// of says whose history it is.
func (h *history) of(hub *sim.GitHub) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hub = hub
}

func (h *history) begins(x sim.Exchange) {
	if !strings.HasPrefix(x.Route, "git ") || x.Method != "POST" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hub != nil {
		h.begun[x.N] = len(h.hub.Events())
	}
}

func (h *history) ended(x sim.Exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	events, ok := h.begun[x.N]
	if !ok {
		return
	}
	delete(h.begun, x.N)
	if m := moveBranch.FindSubmatch(x.RequestBody); x.Route == "git receive-pack" && m != nil {
		h.pushes = append(h.pushes, branchPush{x.N, events, string(m[1]), string(m[2])})
	}
	if x.Route == "git upload-pack" && x.Status == 200 && asksForHeads(x.RequestBody) {
		h.reads = append(h.reads, headRead{x.N, events})
	}
}

// asksForHeads tells whether a request is the App's question where heads are; git asks, too, when it fetches them.
func asksForHeads(body []byte) bool {
	return bytes.Contains(body, []byte("agent=git/agentplane\n")) && bytes.Contains(body, []byte("ref-prefix refs/pull/"))
}

// readsBefore lists how many events there were whenever the heads were asked for before a push of the integration branch
// began, the newest first. A server that is killed may leave a push behind that nobody hears the end of: then it is the one
// of its successor.
func (h *history) readsBefore(from, to string, event int) []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	var push branchPush
	for _, p := range h.pushes {
		if p.from == from && p.to == to && p.events <= event && p.exchange > push.exchange {
			push = p
		}
	}
	var events []int
	for _, r := range h.reads {
		if r.exchange < push.exchange {
			events = append(events, r.events)
		}
	}
	slices.Sort(events)
	slices.Reverse(events)
	return slices.Compact(events)
}

// record is what GitHub's events have told up to one of them.
type record struct {
	tips   map[string][]string // every value that a branch had, in order; "" for none
	heads  map[string]string   // by pull request
	open   map[string]bool
	draft  map[string]bool
	base   map[string]string
	tested map[string]string // the newest conclusion of the required workflow, by commit
	passed map[string]bool   // whether it has ever passed
	checks map[string]bool   // "<sha> <check run>" that were once a success
}

func newRecord() *record {
	return &record{
		tips: map[string][]string{}, heads: map[string]string{}, open: map[string]bool{}, draft: map[string]bool{},
		base: map[string]string{}, tested: map[string]string{}, passed: map[string]bool{}, checks: map[string]bool{},
	}
}

// add takes in one event.
func (r *record) add(e sim.Event) {
	switch e.Kind {
	case "push":
		if branch := pushedBranch(e); branch != "" {
			r.tips[branch] = append(r.tips[branch], e.SHA)
		}
	case "pull":
		r.pull(fmt.Sprint(e.PR), e)
	case "run":
		if rest, ok := strings.CutPrefix(e.Text, "completed of .github/workflows/ci.yml "); ok {
			_, conclusion, _ := strings.Cut(rest, ": ")
			r.tested[e.SHA] = conclusion
			r.passed[e.SHA] = r.passed[e.SHA] || conclusion == "success"
		}
	case "check":
		if name, rest, _ := strings.Cut(e.Text, " is "); strings.HasPrefix(rest, "success") && e.Actor == "agentplane[bot]" {
			r.checks[e.SHA+" "+name] = true
		}
	}
}

// pushedBranch is the branch that a push was to.
func pushedBranch(e sim.Event) string {
	if rest, ok := strings.CutPrefix(e.Text, "created "); ok {
		branch, _, _ := strings.Cut(rest, " at ")
		return branch
	}
	if branch, ok := strings.CutPrefix(e.Text, "deleted "); ok {
		return branch
	}
	_, branch, _ := strings.Cut(e.Text, " to ")
	return branch
}

func (r *record) pull(number string, e sim.Event) {
	r.heads[number] = e.SHA
	switch {
	case strings.HasPrefix(e.Text, "opened "):
		r.open[number] = true
	case e.Text == "reopened":
		r.open[number] = true
	case e.Text == "closed":
		r.open[number] = false
	case e.Text == "converted to draft":
		r.draft[number] = true
	case e.Text == "ready for review":
		r.draft[number] = false
	case strings.HasPrefix(e.Text, "goes to "):
		r.base[number] = strings.TrimPrefix(e.Text, "goes to ")
	}
}

// tip is where a branch is.
func (r *record) tip(branch string) string {
	if all := r.tips[branch]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// at is the record up to an event.
func at(events []sim.Event, n int) *record {
	r := newRecord()
	for _, e := range events[:min(n, len(events))] {
		r.add(e)
	}
	return r
}
