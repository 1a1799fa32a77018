package app_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// invariants hold of whatever happened, at every value that the integration branch ever had: what the App made its tip was
// tested as that very commit before, stands on what was there, and brings only heads that were judged, that the pull
// requests had when the App last asked, and that were not there already, within their agents' paths.
func (q *queued) invariants() {
	q.t.Helper()
	events := q.hub.Events()
	then, landed := newRecord(), map[string]bool{}
	for n, e := range events {
		if e.Kind == "push" && pushedBranch(e) == "integration/next" && e.Actor == "agentplane[bot]" {
			q.landing(&moment{queued: q, events: events, n: n, before: then, landed: landed, from: then.tip("integration/next"), to: e.SHA})
		}
		then.add(e)
	}
	if got := then.tip("integration/next"); got != q.repo.Tip("integration/next") {
		q.t.Errorf("the integration branch is at %s, and the last that was seen of it is %s", q.repo.Tip("integration/next"), got)
	}
}

// moment is one move of the integration branch by the App.
type moment struct {
	*queued
	events   []sim.Event
	n        int // the event's index
	before   *record
	landed   map[string]bool // the heads that landed before: what lands again is asked for no more
	from, to string
}

func (q *queued) landing(m *moment) {
	q.t.Helper()
	if slices.Contains(m.before.tips["main"], m.to) {
		return // the branch starts again from its target
	}
	m.testedBefore()
	if m.from == "" || !q.contains(m.to, m.from) {
		m.errorf("it does not stand on %s, where the branch was", m.from)
		return
	}
	var pulls, heads []string
	for _, sha := range strings.Fields(q.gitOut("rev-list", "--first-parent", "--reverse", m.to, "^"+m.from)) {
		if number, head := m.member(sha); number != "" && !m.landed[head] {
			m.landed[head] = true
			pulls, heads = append(pulls, number), append(heads, head)
		}
	}
	if len(pulls) > 0 {
		m.unmoved(pulls, heads)
	}
}

func (m *moment) errorf(format string, args ...any) {
	m.t.Helper()
	m.t.Errorf("event %d, %s on the integration branch: %s", m.n, m.to, fmt.Sprintf(format, args...))
}

// testedBefore: CI has passed on that very commit before it became the tip.
func (m *moment) testedBefore() {
	m.t.Helper()
	if !m.before.passed[m.to] {
		m.errorf("it was not tested before")
	}
}

// member checks what one commit brings. The number is "" for the target's own commits.
func (m *moment) member(sha string) (number, head string) {
	m.t.Helper()
	message := m.gitOut("log", "-1", "--format=%B", sha)
	changed := strings.Fields(m.gitOut("diff-tree", "-r", "--no-renames", "--name-only", sha+"^1", sha))
	if target := trailer(message, "Agentplane-Target"); target != "" {
		m.brings(sha, target)
		if !slices.Contains(m.before.tips["main"], target) {
			m.errorf("it takes in %s, which the target never was", target)
		}
		return "", ""
	}
	number, head = trailer(message, "Agentplane-Pull"), trailer(message, "Agentplane-Head")
	if number == "" || head == "" {
		m.errorf("%s is nobody's:\n%s", sha, message)
		return "", ""
	}
	m.brings(sha, head)
	if strings.Contains(m.gitOut("log", "--format=%B", m.from), "Agentplane-Head: "+head+"\n") || m.contains(m.from, head) {
		m.errorf("#%s landed twice at %s", number, head)
	}
	for _, check := range []string{checks.CheckOwnership, checks.CheckVerification, checks.CheckReview} {
		if !m.before.checks[head+" "+check] {
			m.errorf("#%s was never judged good by %s at %s", number, check, head)
		}
	}
	for _, path := range changed {
		if !strings.HasPrefix(path, m.owns(number)) {
			m.errorf("#%s changes %s, outside %q", number, path, m.owns(number))
		}
	}
	return number, head
}

// brings: a merge has what it brings as its second parent; a squashed commit has none.
func (m *moment) brings(sha, head string) {
	m.t.Helper()
	parents := strings.Fields(m.gitOut("log", "-1", "--format=%P", sha))
	if len(parents) == 2 && parents[1] != head || len(parents) > 2 {
		m.errorf("%s has the parents %v, and says that it brings %s", sha, parents, head)
	}
}

// owns is the folder of the agent whose branch a pull request comes from.
func (q *queued) owns(number string) string {
	var n int
	_, err := fmt.Sscan(number, &n)
	q.must(err)
	if p := q.repo.Pull(n); p != nil {
		switch p.Branch() {
		case "agent/metadata":
			return "src/content/"
		case "agent/search":
			return "src/pages/"
		case "agent/review":
			return "tests/"
		}
	}
	return "nothing: it is no agent's"
}

// unmoved: after the tests had passed, and before it moved the branch, the App asked where the heads are. Each was what
// landed, of an open pull request to this branch, and the tests stood; a push that came later came during the landing.
// GitHub may have answered as before its last change: that is the App's excuse. Which of several jobs asked cannot be told
// here; TestAPushAtAnyMomentOfALanding lets only one ask.
func (m *moment) unmoved(pulls, heads []string) {
	m.t.Helper()
	why := "it landed without asking for heads after it was tested"
	for _, n := range m.past.readsBefore(m.from, m.to, m.n) {
		then := at(m.events, n)
		if !then.passed[m.to] {
			break
		}
		if why = then.objection(m.to, pulls, heads); why == "" || m.lied(n) {
			return
		}
	}
	m.errorf("%s", why)
}

// lied tells whether a stale answer may have hidden what happened before an event.
func (m *moment) lied(n int) bool {
	return slices.ContainsFunc(m.events[max(0, n-60):m.n], func(e sim.Event) bool {
		return e.Kind == "fault" && strings.HasPrefix(e.Text, "stale")
	})
}

// objection is why these heads should not land with a commit.
func (r *record) objection(sha string, pulls, heads []string) string {
	if got := r.tested[sha]; got != "success" {
		return fmt.Sprintf("its newest test says %q", got)
	}
	for i, number := range pulls {
		switch base, known := r.base[number]; {
		case r.heads[number] != heads[i]:
			return fmt.Sprintf("#%s landed at %s, and was at %s whenever the App asked", number, heads[i], r.heads[number])
		case !r.open[number] || r.draft[number] || known && base != "integration/next":
			return fmt.Sprintf("#%s landed: open %v, draft %v, onto %s whenever the App asked", number, r.open[number], r.draft[number], base)
		}
	}
	return ""
}

// contains tells whether a commit has another one in its history.
func (q *queued) contains(sha, other string) bool {
	return exec.CommandContext(q.t.Context(), "git", "--git-dir", q.repo.Dir, "merge-base", "--is-ancestor", other, sha).Run() == nil
}

func trailer(message, name string) string {
	_, rest, _ := strings.Cut(message, "\n"+name+": ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
