package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// view is a status as it is shown.
func (l *lane) view(now queue.Lane, s queue.Status) checks.LaneView {
	v := checks.LaneView{
		Repo: l.site.fullName, Branch: now.Branch, PR: s.Number, Head: s.Head, Stage: string(s.Stage),
		Place: s.Place, Entries: len(now.Entries), Wait: s.Wait, Batch: s.Batch, Candidate: s.Candidate, Commit: s.Commit,
		Missing: s.Missing,
	}
	switch s.Hold.Kind {
	case queue.HoldLane, queue.HoldRest: // what keeps all of them is told to those whom nothing else keeps
		v.Stop = stop(now)
	default:
		v.HoldKind, v.Hold, v.HoldOn, v.HoldPaths = string(s.Hold.Kind), s.Hold.Why, s.Hold.On, s.Hold.Paths
	}
	if entry, in := entryOf(now, s.Number); in {
		v.Agent = entry.Agent
	}
	if c, in := candidateOf(now, s.Candidate); in {
		v.Commit, v.Passed = c.Commit, c.Passed
	}
	if s.Stage == queue.Ejected {
		r := s.Reason
		detail, url := withAddress(r.Detail)
		v.Reason = &checks.LaneReason{
			Kind: string(r.Kind), Requirement: r.Requirement, Detail: detail, URL: url, Paths: r.Paths, With: r.With, Batch: r.Batch,
			Base: r.Base, Attempt: r.Attempt, Attempts: r.Attempts,
		}
	}
	return v
}

// company completes what a culprit fails together with: besides what was tested with it, all that had landed below it by
// then, of the newest, and its head does not hold. It passed at its head, or it would not have been tested here; which of
// them it is, nobody has tested. Whether another landed before or during the test makes no difference.
func (l *lane) company(ctx context.Context, now queue.Lane, v *checks.LaneView) error {
	r := v.Reason
	if r == nil || r.Kind != checks.ReasonFailed {
		return nil
	}
	tip := slices.IndexFunc(now.Merged, func(m queue.Merge) bool { return m.Commit == r.Base })
	below := now.Merged[max(0, tip+1-maxBlamed) : tip+1]
	var commits []string
	for _, m := range below {
		commits = append(commits, m.Commit)
	}
	if len(commits) == 0 {
		return nil
	}
	holds, err := l.mirror.Contains(ctx, v.Head, commits...)
	var absent *git.NotFoundError
	switch {
	case errors.As(err, &absent):
		return nil // the branch is gone: who it was is a help, and no more
	case err != nil:
		return err
	}
	var with []int
	for _, m := range below {
		if m.Number != queue.TargetNumber && (!holds[m.Commit] || slices.Contains(r.With, m.Number)) {
			with = append(with, m.Number)
		}
	}
	older := slices.DeleteFunc(slices.Clone(r.With), func(n int) bool { return slices.Contains(with, n) })
	r.With = append(older, with...)
	return nil
}

// withAddress takes the address of the tests off what was seen, where tellTests has put it.
func withAddress(detail string) (text, url string) {
	i := strings.LastIndexByte(detail, ' ')
	if last := detail[i+1:]; strings.HasPrefix(last, "https://") || strings.HasPrefix(last, "http://") {
		return strings.TrimSpace(detail[:max(i, 0)]), last
	}
	return detail, ""
}

// stop is why the whole lane does not move.
func stop(l queue.Lane) checks.LaneStop {
	switch {
	case l.Frozen.Why != "":
		return checks.LaneStop{Kind: checks.StopFrozen, Why: l.Frozen.Why, Expected: l.Frozen.Expected, Seen: l.Frozen.Seen}
	case l.Paused.Why != "":
		return checks.LaneStop{Kind: checks.StopPaused, By: l.Paused.By, Why: l.Paused.Why}
	case l.Policy.Broken != "":
		return checks.LaneStop{Kind: checks.StopBroken, Why: l.Policy.Broken}
	case len(l.Policy.Required) == 0:
		return checks.LaneStop{Kind: checks.StopBroken, Why: "the contract requires nothing of the integration that CI could show, so nothing would be tested"}
	case l.Rest.Why != "":
		return checks.LaneStop{Kind: checks.StopRest, Why: l.Rest.Why}
	}
	return checks.LaneStop{}
}

// status answers a command with how the whole lane stands.
func (o *followUp) status(ctx context.Context, now queue.Lane, c checks.CommandResult) error {
	l := o.laneAt(o.site, store.LaneID{Repo: o.site.id, Branch: now.Branch})
	statuses := queue.Statuses(now)
	order, _ := queue.Plan(now)
	var rows []checks.LaneView
	for _, e := range order {
		rows = append(rows, l.view(now, statuses[e.Number]))
	}
	for _, e := range now.Entries {
		if !slices.ContainsFunc(order, func(p queue.Entry) bool { return p.Number == e.Number }) {
			rows = append(rows, l.view(now, statuses[e.Number]))
		}
	}
	rows = slices.DeleteFunc(rows, func(v checks.LaneView) bool { return v.PR == queue.TargetNumber })
	rows = append([]checks.LaneView{{Repo: l.site.fullName, Branch: now.Branch, Entries: len(rows), Stop: stop(now)}}, rows...)
	for _, d := range now.Left {
		if d.Carried { // its own pull request may not be there to say so
			rows = append(rows, l.view(now, statuses[d.Number]))
		}
	}
	return o.answer(ctx, c, checks.LaneStatus(c.Comment, rows))
}

// refuse says why a command to the lane was not carried out, to those who may write: to others the reaction has to do.
func (o *followUp) refuse(ctx context.Context, c checks.CommandResult) error {
	for _, s := range o.read.facts.Conversation.People {
		if s.Account.ID == c.By.ID && (s.Permission == "write" || s.Permission == "admin") {
			return o.answer(ctx, c, checks.LaneAnswer(c.Comment, c.Why))
		}
	}
	return nil
}

// answer writes a comment of its own to a command, once. Those of one account that come too fast get none.
func (o *followUp) answer(ctx context.Context, c checks.CommandResult, body string) error {
	i := slices.IndexFunc(o.report.Commands, func(r checks.CommandResult) bool { return r.Comment == c.Comment })
	if i > 0 && flood(o.report.Commands[:i], c) {
		return nil
	}
	key := store.Key{Repo: o.site.id, PR: o.pull.Number}
	return o.speak(ctx, o.site, key, remark{
		name: fmt.Sprintf("%s%d", answerName, c.Comment), marker: strings.TrimSpace(checks.AnswerMark(c.Comment)), body: body,
	})
}
