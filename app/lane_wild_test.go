package app_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

// wild is a world in which agents and people do what comes into their heads, drawn by a seed.
type wild struct {
	*queued
	rng   *rand.Rand
	pulls map[string]*sim.Pull // the newest of each agent
	n     int                  // counts what was made
	done  []string             // what happened, for whoever reads a failure
}

// wildAgents are the agents, and what each brings first: the second and the third do not go together.
var wildAgents = []string{"metadata", "search", "review"}

func brought(agent string) map[string]string {
	return map[string]map[string]string{
		"metadata": {"src/content/b": "b\n"}, "search": {"src/pages/feed": "f\n"}, "review": {"tests/x.forbids": "feed\n"},
	}[agent]
}

// verbs are what happens to a pull request, its branch, the lane and the App. What GitHub refuses has no effect.
func (w *wild) verbs() map[string]func(agent string, p *sim.Pull) {
	return map[string]func(string, *sim.Pull){
		"push":       func(a string, _ *sim.Pull) { w.push(a, w.fresh(a)) },
		"trespass":   func(a string, _ *sim.Pull) { w.push(a, "trespass") },
		"mend":       func(a string, _ *sim.Pull) { w.mend(a) },
		"force-push": w.force,
		"close":      func(_ string, p *sim.Pull) { w.may(p.Close(w.ana)) },
		"reopen":     func(_ string, p *sim.Pull) { w.may(p.Reopen(w.ana)) },
		"integrate":  func(_ string, p *sim.Pull) { p.Comment(w.ana, "/integrate "+p.Head()) },
		"again":      func(_ string, p *sim.Pull) { p.Comment(w.ana, "/integrate") },
		"cancel":     func(_ string, p *sim.Pull) { p.Comment(w.ana, "/integrate cancel") },
		"pause":      func(_ string, p *sim.Pull) { p.Comment(w.ana, "/integrate pause until later") },
		"resume":     func(_ string, p *sim.Pull) { p.Comment(w.ana, "/integrate resume") },
		"retarget": func(_ string, p *sim.Pull) {
			w.may(p.Retarget(w.ana, []string{"main", "integration/next"}[w.rng.IntN(2)]))
		},
		"draft": func(_ string, p *sim.Pull) { w.may(p.SetDraft(w.ana, true)) },
		"ready": func(_ string, p *sim.Pull) { w.may(p.SetDraft(w.ana, false)) },
		"depend": func(_ string, p *sim.Pull) {
			body := fmt.Sprintf("Depends-On: #%d\n", 1+w.rng.IntN(len(wildAgents)))
			w.may(p.Edit(w.ana, sim.PullEdit{Body: &body}))
		},
		"depend on nothing": func(_ string, p *sim.Pull) { w.may(p.Edit(w.ana, sim.PullEdit{Body: ptr("")})) },
		"main moves":        func(string, *sim.Pull) { w.onto("main") },
		"branch moves":      func(string, *sim.Pull) { w.onto("integration/next") },
		"offer merged":      w.mergeOffer,
		"head fails":        func(_ string, p *sim.Pull) { w.report(p.Head(), "failure") },
		"head passes":       func(_ string, p *sim.Pull) { w.report(p.Head(), "success") },
		"candidate fails":   func(string, *sim.Pull) { w.atCandidate(func(_, sha string) { w.report(sha, "failure") }) },
		"candidate reruns":  func(string, *sim.Pull) { w.atCandidate(func(_, sha string) { w.rerun(sha) }) },
		"CI cancelled":      func(string, *sim.Pull) { w.atCandidate(func(_, sha string) { w.cancel(sha) }) },
		"candidate deleted": func(string, *sim.Pull) {
			w.atCandidate(func(branch, _ string) { w.may(w.repo.DeleteBranch(w.ana, branch)) })
		},
		"CI stops":         func(string, *sim.Pull) { w.ci.Hold() },
		"CI goes on":       func(string, *sim.Pull) { w.ci.Release() },
		"swept":            func(string, *sim.Pull) { w.may(w.app.Sweep(w.t.Context())) },
		"restarted":        func(string, *sim.Pull) { w.restart(true) },
		"database is lost": func(string, *sim.Pull) { w.restart(w.rng.IntN(2) == 0) },
	}
}

// may notes what GitHub refused.
func (w *wild) may(err error) {
	if err != nil {
		w.done = append(w.done, "refused: "+err.Error())
	}
}

// fresh is a path of an agent's own that was not there before.
func (w *wild) fresh(agent string) string {
	w.n++
	return fmt.Sprintf("%s%d", w.owns(fmt.Sprint(w.pulls[agent].Number)), w.n)
}

// push commits to an agent's branch, and opens a pull request when its last one is done.
func (w *wild) push(agent, path string) {
	w.n++
	_, err := w.repo.Commit(sim.Commit{By: w.bot(agent), Branch: "agent/" + agent, Message: "Work", Files: map[string]string{path: fmt.Sprintf("%d\n", w.n)}})
	w.may(err)
	w.reopen(agent)
}

// reopen sees to it that an agent has a pull request that can be merged.
func (w *wild) reopen(agent string) *sim.Pull {
	p := w.pulls[agent]
	if p.State() == "open" || p.State() == "closed" && p.Reopen(w.ana) == nil {
		return p
	}
	again, err := w.repo.OpenPull(sim.NewPull{By: w.bot(agent), Title: "Work", Head: "agent/" + agent, Base: "integration/next"})
	w.may(err)
	if err == nil {
		w.pulls[agent] = again
	}
	return w.pulls[agent]
}

// mend takes a trespass back.
func (w *wild) mend(agent string) {
	if w.fileAt(w.repo.Tip("agent/"+agent), "trespass") != "" {
		_, err := w.repo.Commit(sim.Commit{By: w.bot(agent), Branch: "agent/" + agent, Message: "Mend", Delete: []string{"trespass"}})
		w.may(err)
	}
}

// force begins an agent's branch anew, where the integration branch is by now.
func (w *wild) force(agent string, _ *sim.Pull) {
	files := brought(agent)
	files[w.fresh(agent)] = "again\n"
	w.n++
	branch := fmt.Sprintf("scratch/%d", w.n)
	sha, err := w.repo.Commit(sim.Commit{By: w.bot(agent), Branch: branch, From: "integration/next", Message: "Begin anew", Files: files})
	w.may(err)
	w.may(w.repo.Push(w.bot(agent), "agent/"+agent, sha, true))
	w.may(w.repo.DeleteBranch(w.bot(agent), branch))
}

// onto has a person commit to a branch.
func (w *wild) onto(branch string) {
	w.n++
	_, err := w.repo.Commit(sim.Commit{By: w.ana, Branch: branch, Message: "By hand", Files: map[string]string{fmt.Sprintf("by-hand-%d", w.n): "x\n"}})
	w.may(err)
}

func (w *wild) mergeOffer(string, *sim.Pull) {
	if o := w.offer(); o != nil {
		_, err := o.Merge(w.ana, sim.Merge{Method: []string{"merge", "squash"}[w.rng.IntN(2)]})
		w.may(err)
	}
}

// report tells of a run of CI that nobody ran.
func (w *wild) report(sha, conclusion string) {
	job := sim.JobReport{Name: "check", Steps: []sim.StepReport{{Name: "Run sh check.sh", Conclusion: conclusion}}}
	_, err := w.repo.ReportRun(sim.RunReport{SHA: sha, Jobs: []sim.JobReport{job}})
	w.may(err)
}

func (w *wild) rerun(sha string) {
	for _, run := range w.repo.WorkflowRuns(sha) {
		w.may(w.repo.Rerun(w.ana, run.ID))
	}
}

func (w *wild) cancel(sha string) {
	for _, run := range w.repo.WorkflowRuns(sha) {
		w.may(w.repo.CancelRun(w.ana, run.ID))
	}
}

// atCandidate does something to one of the candidates, if there are any.
func (w *wild) atCandidate(do func(branch, sha string)) {
	if all := w.candidates(); len(all) > 0 {
		branch := strings.TrimPrefix(all[w.rng.IntN(len(all))], "refs/heads/")
		if sha := w.repo.Tip(branch); sha != "" {
			do(branch, sha)
		}
	}
}

// play lets things happen.
func (w *wild) play(steps int) {
	verbs := w.verbs()
	names := slices.Sorted(maps.Keys(verbs))
	for range steps {
		name, agent := names[w.rng.IntN(len(names))], wildAgents[w.rng.IntN(len(wildAgents))]
		w.done = append(w.done, fmt.Sprintf("%s: %s (#%d)", agent, name, w.pulls[agent].Number))
		verbs[name](agent, w.pulls[agent])
		if w.rng.IntN(3) == 0 {
			w.settle()
			w.done = append(w.done, "settled")
		}
	}
}

// waits holds, when nothing happens any more, that every open pull request that was entered shows where it stands: landed,
// gone with a reason, or waiting for something that has a name.
func (w *wild) waits() {
	for agent, p := range w.pulls {
		got := w.lane(p)
		state, title, _ := strings.Cut(got, ": ")
		if p.State() == "open" && (state == "in_progress" || got != "nothing" && title == "") {
			w.t.Errorf("#%d of %s shows %q, and nothing is going on", p.Number, agent, got)
		}
	}
}

// mended puts everything in order, and enters every pull request once more.
func (w *wild) mended() {
	for _, agent := range wildAgents {
		w.mend(agent)
		p := w.reopen(agent)
		if p.State() != "open" {
			continue
		}
		w.may(p.Retarget(w.ana, "integration/next"))
		w.may(p.SetDraft(w.ana, false))
		w.may(p.Edit(w.ana, sim.PullEdit{Body: ptr("")}))
		w.report(p.Head(), map[bool]string{true: "failure", false: "success"}[w.both(p.Head())])
	}
	w.settle()
	for _, agent := range wildAgents {
		if p := w.pulls[agent]; p.State() == "open" {
			p.Comment(w.ana, "/integrate resume")
			p.Comment(w.ana, "/integrate "+p.Head())
		}
	}
	w.settle()
}

// both tells whether a commit holds both of the pair that does not go together.
func (w *wild) both(sha string) bool {
	return w.fileAt(sha, "src/pages/feed") != "" && w.fileAt(sha, "tests/x.forbids") != ""
}

// ended tells whether nothing more can come of a pull request: it has landed or left, or it fails by itself.
func (w *wild) ended(p *sim.Pull) bool {
	left := w.decided(p) || strings.Contains(w.comments(p), `"stage": "ejected"`)
	return p.State() != "open" || left || w.both(p.Head()) && strings.HasPrefix(w.lane(p), "queued: Held: not in order")
}

// landable holds that what can land has landed: all but one of the two that do not go together.
func (w *wild) landable() {
	tip := w.repo.Tip("integration/next")
	feed, forbids := w.fileAt(tip, "src/pages/feed") != "", w.fileAt(tip, "tests/x.forbids") != ""
	if w.both(tip) {
		w.t.Error("the branch holds both of the pair")
	}
	for agent, p := range w.pulls {
		against := agent == "search" && forbids || agent == "review" && feed || w.both(p.Head())
		if p.State() == "open" && !against {
			w.t.Errorf("#%d of %s did not land: %s\n%s", p.Number, agent, w.lane(p), w.comments(p))
		}
	}
	if left := w.candidates(); len(left) > 0 {
		w.t.Errorf("candidates were left behind: %v", left)
	}
}

// wildSchedule plays one seed's story.
func wildSchedule(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 4))
	faults, faulty := laneWeather(rng), rng.IntN(2) == 0
	w := &wild{rng: rng, pulls: map[string]*sim.Pull{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what happened, faults %v:\n%s", faulty, strings.Join(w.done, "\n"))
		}
	})
	w.queued = newQueued(t, "merge", func(s *setup) {
		s.watch, s.sim.Seed, s.app.Now = false, int64(seed), brisk()
	})
	if faulty {
		w.hub.SetFaults(faults)
	}
	for _, agent := range wildAgents {
		w.pulls[agent] = w.propose(agent, brought(agent))
		w.pulls[agent].Comment(w.ana, "/integrate "+w.pulls[agent].Head())
	}
	w.play(12)
	w.hub.Heal()
	w.ci.Release()
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	w.invariants()
	w.waits()
	w.mended()
	w.until(w.ended, slices.Collect(maps.Values(w.pulls))...)
	w.settle()
	w.invariants()
	w.landable()
}

func TestWildSchedulesOnTheLane(t *testing.T) {
	for seed := uint64(1); seed <= uint64(schedules(2, 100)); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			wildSchedule(t, seed)
		})
	}
}

// What a frozen lane has offered may be merged, foreign commits and all. Seed 31 found that the lane then offered nothing,
// again and again.
func TestWildOfferOfAFrozenLaneIsMerged(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(p)
	_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "integration/next", Message: "By hand", Files: map[string]string{"by-hand": "x\n"}})
	q.must(err)
	q.settle()
	_, err = q.offer().Merge(q.ana, sim.Merge{})
	q.must(err)
	q.settle()
	two := q.propose("search", map[string]string{"src/pages/c": "c\n"}) // commands are read where something is open
	two.Comment(q.ana, "/integrate resume")
	q.settle()
	if q.repo.Tip("integration/next") != q.repo.Tip("main") {
		t.Errorf("the branch is at %s, and its target at %s\n%s", q.repo.Tip("integration/next"), q.repo.Tip("main"), q.comments(two))
	}
	if o := q.offer(); o != nil {
		t.Errorf("#%d offers what is there already", o.Number)
	}
}
