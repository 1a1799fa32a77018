package sim

import (
	"fmt"
	"slices"
	"strings"
)

// pusher is who moves a reference: an account, and the token it acts with. The
// zero value is nobody whom rules could spare.
type pusher struct {
	by    *User
	token *token // nil for verbs
}

// app is the App that acts, or nil.
func (w pusher) app() *App {
	if w.token != nil && w.token.install != nil {
		return w.token.install.app
	}
	return nil
}

// move is one reference that somebody wants to move: before or after is "" when
// it does not, or should not, exist.
type move struct {
	repo          *Repo
	who           pusher
	ref           string
	before, after string
	pull          *Pull // the pull request that this merges, if any
}

// forced tells a move that gives up commits.
func (m move) forced() bool {
	return m.before != "" && m.after != "" && !m.repo.reachable(m.after, nil)[m.before]
}

// refusal is why a move may not be: GitHub's reasons, apart by what they come from.
type refusal struct {
	workflow   string   // the workflow file an App may not touch
	protection []string // reasons of the branch's protection
	rules      []string // reasons of rulesets
}

// refuse judges a move by everything that may forbid it; nil means it may be.
func (m move) refuse() (*refusal, error) {
	file, err := m.foreignWorkflow()
	if err != nil {
		return nil, err
	}
	out := refusal{workflow: file}
	branch, isBranch := strings.CutPrefix(m.ref, "refs/heads/")
	if p := m.repo.protections[branch]; p != nil && isBranch {
		out.protection = m.protected(p)
	}
	for _, s := range m.repo.rulesets {
		if s.Enforcement == "active" && s.holdsFor(m.repo, m.ref) && !s.bypassed(m) {
			for _, reason := range m.broken(s.Rules) {
				if !slices.Contains(out.rules, reason) {
					out.rules = append(out.rules, reason)
				}
			}
		}
	}
	if out.workflow == "" && out.protection == nil && out.rules == nil {
		return nil, nil
	}
	return &out, nil
}

// protected lists the reasons of a branch's protection. Force-pushes and
// deletion are refused to administrators too.
func (m move) protected(p *Protection) []string {
	rules := p.Rules
	rules.NonFastForward, rules.NoDeletion, rules.NoCreation, rules.NoUpdate = !p.AllowForce, !p.AllowDeletion, false, false
	if p.NoReview.includes(m.who) {
		rules.PullRequest, rules.Reviews = false, 0
	}
	spared := m.who.app() == nil && m.repo.role(m.who.by) == "admin" && !p.Admins
	if spared {
		rules = Rules{NonFastForward: rules.NonFastForward, NoDeletion: rules.NoDeletion}
	}
	out := m.broken(rules)
	if p.Push != nil && !spared && !p.Push.includes(m.who) {
		out = append([]string{"You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information."}, out...)
	}
	return out
}

// broken lists the rules that the move breaks, in GitHub's words.
func (m move) broken(rules Rules) []string {
	var out []string
	add := func(broken bool, reason string) {
		if broken {
			out = append(out, reason)
		}
	}
	add(rules.NoCreation && m.before == "", "Cannot create ref due to creations being restricted.")
	add(rules.NoDeletion && m.after == "", "Cannot delete this branch")
	add(rules.NoUpdate && m.before != "" && m.after != "", "Cannot update this protected ref.")
	add(rules.NonFastForward && m.forced(), "Cannot force-push to this branch")
	if m.after == "" {
		return out
	}
	add(rules.PullRequest && m.pull == nil, "Changes must be made through a pull request.")
	if m.pull != nil && m.pull.approvals() < rules.Reviews {
		out = append(out, approvalsNeeded(rules.Reviews))
	}
	if reason := m.unchecked(rules.Checks); reason != "" {
		out = append(out, reason)
	}
	add(rules.Strict && len(rules.Checks) > 0 && m.pull != nil && m.pull.behind(), outOfDate)
	return out
}

// outOfDate is what strict checks say of a pull request that is behind.
const outOfDate = "Head branch is out of date. Review and try the merge again."

func approvalsNeeded(n int) string {
	if n == 1 {
		return "At least 1 approving review is required by reviewers with write access."
	}
	return fmt.Sprintf("At least %d approving reviews are required by reviewers with write access.", n)
}

// approvals counts those who may write and approve; it is none while one of
// them asks for changes.
func (p *Pull) approvals() int {
	latest := map[*User]string{}
	for _, v := range p.reviews {
		if v.state != Commented && v.state != reviewPending && p.repo.mayPush(v.by) {
			latest[v.by] = v.state
		}
	}
	n := 0
	for _, state := range latest {
		if state == ChangesRequested {
			return 0
		}
		if state == Approved {
			n++
		}
	}
	return n
}

// behind tells a pull request whose head does not hold the base's tip.
func (p *Pull) behind() bool {
	return !p.repo.reachable(p.headSHA, nil)[p.repo.refs["refs/heads/"+p.baseRef]]
}

// unchecked is why required status checks do not let the move be. A merged pull
// request is judged by its head, a push by the commit itself.
func (m move) unchecked(required []RequiredCheck) string {
	sha := m.after
	if m.pull != nil {
		sha = m.pull.headSHA
	}
	counts := map[string]int{}
	var reason string
	for _, want := range required {
		if state := m.repo.checkState(sha, want); state != "success" {
			counts[state]++
			reason = fmt.Sprintf("Required status check %q is %s.", want.Name, state)
		}
	}
	missing := counts["expected"] + counts["pending"] + counts["failing"]
	switch {
	case missing == 0:
		return ""
	case len(required) == 1:
		return reason
	case missing == counts["expected"]:
		return fmt.Sprintf("%d of %d required status checks are expected.", missing, len(required))
	}
	var parts []string
	for _, state := range []string{"expected", "pending", "failing"} {
		if counts[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[state], state))
		}
	}
	list := strings.Join(parts, " and ")
	if len(parts) == 3 {
		list = parts[0] + ", " + parts[1] + ", and " + parts[2]
	}
	return fmt.Sprintf("%d of %d required status checks have not succeeded: %s.", missing, len(required), list)
}

// checkState is "success", "expected" when nothing counts, "pending" or
// "failing": the worst of the latest check run of each suite and the latest
// status. A check of another App than the expected one does not count.
func (r *Repo) checkState(sha string, want RequiredCheck) string {
	ranks := []string{"", "success", "pending", "failing"}
	worst := 0
	for _, s := range r.suites {
		if s.sha != sha || want.App != nil && s.app != want.App {
			continue
		}
		for _, run := range s.latest() {
			if run.name == want.Name {
				worst = max(worst, slices.Index(ranks, run.verdict()))
			}
		}
	}
	for _, s := range slices.Backward(r.statuses) {
		if s.sha == sha && s.context == want.Name && (want.App == nil || s.by == want.App.bot) {
			verdict := map[string]string{"success": "success", "pending": "pending"}[s.state]
			if verdict == "" {
				verdict = "failing"
			}
			worst = max(worst, slices.Index(ranks, verdict))
			break
		}
	}
	if worst == 0 {
		return "expected"
	}
	return ranks[worst]
}

// verdict is what a required check run says. Skipped and neutral pass.
func (c *checkRun) verdict() string {
	switch {
	case c.status != "completed":
		return "pending"
	case slices.Contains([]string{"success", "neutral", "skipped"}, c.conclusion):
		return "success"
	}
	return "failing"
}

// reasons are all of them, as one answer of the API says them.
func (f *refusal) message() string {
	switch {
	case f.workflow != "":
		return workflowRefused(f.workflow)
	case f.protection != nil:
		return strings.Join(f.protection, " ")
	}
	return "Repository rule violations found\n\n" + strings.Join(f.rules, "\n\n") + "\n\n"
}

// remote is what git shows: lines for people, and the word behind the reference.
func (f *refusal) remote(m move) (lines []string, word string) {
	switch {
	case f.workflow != "":
		return nil, workflowRefused(f.workflow)
	case f.protection != nil:
		return []string{"error: GH006: Protected branch update failed for " + m.ref + ".", "error: " + strings.Join(f.protection, " ")},
			"protected branch hook declined"
	}
	lines = []string{"error: GH013: Repository rule violations found for " + m.ref + ".",
		"Review all repository rules at " + m.repo.webURL() + "/rules?ref=" + strings.ReplaceAll(m.ref, "/", "%2F"), ""}
	for _, reason := range f.rules {
		lines = append(lines, "- "+reason, "")
	}
	return lines, "push declined due to repository rule violations"
}
