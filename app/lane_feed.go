package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// feed brings the commands that were given on a pull request, and then the judgement of its head, to the lane.
func (o *followUp) feed(ctx context.Context) error {
	c := o.read.contract
	if c == nil || c.Integration.Branch == "" {
		return o.unfed(ctx)
	}
	id := store.LaneID{Repo: o.site.id, Branch: c.Integration.Branch}
	pending, err := o.pending(ctx)
	if err != nil {
		return err
	}
	now, known, err := o.db.Lane(ctx, id)
	if err != nil {
		return err
	}
	_, in := entryOf(now, o.pull.Number)
	of := o.pull.Base.Name == id.Branch || o.pull.Head.Name == id.Branch && o.pull.Head.Repo == o.site.id
	if len(pending) == 0 && !in && (known || !of) {
		return nil
	}
	if now, err = o.prepare(ctx, id, now); err != nil {
		return err
	}
	for _, command := range pending {
		if now, err = o.obey(ctx, id, now, command); err != nil {
			return fmt.Errorf("carry out %s of comment %d: %w", cmp.Or(command.Subject, "/integrate"), command.Comment, err)
		}
	}
	if entry, in := entryOf(now, o.pull.Number); in {
		return o.tellLane(ctx, id, now, entry)
	}
	return nil
}

// unfed is a pull request whose contract has no lane: wherever it waits, it is not in order.
func (o *followUp) unfed(ctx context.Context) error {
	ids, err := o.lanesWith(ctx, o.site, o.pull.Number)
	for _, id := range ids {
		_, err = o.db.Step(ctx, id, queue.Judged{
			Number: o.pull.Number, Reading: o.reading, Judgement: queue.Judgement{Head: o.pull.Head.SHA, Why: "the contract declares no integration branch, or cannot be used"},
		})
		if err != nil {
			return err
		}
	}
	return err
}

// pending lists the commands to the lane that were not carried out yet, in the order in which they were written.
func (o *followUp) pending(ctx context.Context) ([]checks.CommandResult, error) {
	var all []checks.CommandResult
	for _, c := range o.report.Commands {
		if c.Kind == checks.CommandIntegrate {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	answered, err := o.db.Answers(ctx, store.Key{Repo: o.site.id, PR: o.pull.Number})
	return slices.DeleteFunc(all, func(c checks.CommandResult) bool { return answered[c.Comment] }), err
}

// prepare tells a lane the time, and what the contract says, before anything enters it. Where its branch is, the repository's
// job reads.
func (o *followUp) prepare(ctx context.Context, id store.LaneID, now queue.Lane) (queue.Lane, error) {
	policy := policyOf(id.Branch, o.read.contract, o.read.facts.Contract)
	if now.Policy.Contract != policy.Contract || now.Tip == "" || now.Target == "" {
		known := store.Repository{ID: o.site.id, Installation: o.site.installation, FullName: o.site.fullName, DefaultBranch: o.pull.Default}
		if err := o.db.PutRepository(ctx, known); err != nil { // no sweep may have told it yet
			return now, err
		}
		if err := o.wakeLane(ctx, o.site, laneNotice(id.Branch, "the lane is new, or its contract is")); err != nil {
			return now, err
		}
	}
	now, err := o.db.Step(ctx, id, queue.Ticked{At: o.config.Now()})
	if err != nil || now.Policy.Contract != "" {
		return now, err
	}
	return o.db.Step(ctx, id, queue.PolicyChanged{Policy: policy, Reading: o.reading})
}

// obey carries out one command, and answers it where the lane's own comment will not.
func (o *followUp) obey(ctx context.Context, id store.LaneID, now queue.Lane, c checks.CommandResult) (queue.Lane, error) {
	if !c.Accepted {
		return now, o.refuse(ctx, c)
	}
	number := o.pull.Number
	switch c.Subject {
	case checks.IntegrateCancel:
		return o.db.Step(ctx, id, queue.Withdrawn{Number: number, Request: c.Comment, Why: "withdrawn by " + c.By.Login})
	case checks.IntegrateStatus:
		return now, o.status(ctx, now, c)
	case checks.IntegratePause:
		after, err := o.db.Step(ctx, id, queue.PauseSet{By: c.By.Login, Why: c.Why, Request: c.Comment})
		return after, errors.Join(err, o.status(ctx, after, c))
	case checks.IntegrateResume:
		return o.resume(ctx, id, now, c)
	}
	after, err := o.db.Step(ctx, id, queue.Submitted{
		Number: number, Head: c.SHA, Agent: o.report.Agent, Request: c.Comment, Anew: o.anew(now, c),
	})
	if err != nil {
		return now, err
	}
	return after, o.wakeFollowers(ctx, after)
}

// anew tells whether a person has said /retry since the pull request left the lane: attempts count from zero then.
func (o *followUp) anew(now queue.Lane, c checks.CommandResult) bool {
	left := int64(0)
	for _, d := range now.Left {
		if d.Number == o.pull.Number {
			left = d.Request
		}
	}
	return slices.ContainsFunc(o.report.Commands, func(r checks.CommandResult) bool {
		return r.Kind == checks.CommandRetry && r.Accepted && r.Comment > left && r.Comment < c.Comment
	})
}

// resume ends a pause, and a freeze: the branch is read for the person, who takes it as it is.
func (o *followUp) resume(ctx context.Context, id store.LaneID, now queue.Lane, c checks.CommandResult) (queue.Lane, error) {
	reading, err := o.db.NextReading(ctx)
	if err != nil {
		return queue.Lane{}, err
	}
	l := o.laneAt(o.site, id)
	tips, err := l.fetch(ctx, l.ref())
	if err != nil {
		return queue.Lane{}, err
	}
	e := queue.Resumed{By: c.By.Login, Tip: tips[l.ref()], Gone: tips[l.ref()] == "", Request: c.Comment, Reading: reading}
	if e.Holds, err = l.newestOf(ctx, now, e.Tip); err != nil {
		return queue.Lane{}, err
	}
	after, err := o.db.Step(ctx, id, e)
	if err != nil {
		return after, err
	}
	o.doubts.settle(id)
	return after, errors.Join(o.wakeLane(ctx, o.site, laneNotice(id.Branch, "resumed")), o.status(ctx, after, c))
}

// newestOf finds the newest commit that landed, or else the one that the branch started from, that a tip contains; "" when
// it has none of them, or there is no tip.
func (l *lane) newestOf(ctx context.Context, now queue.Lane, tip string) (string, error) {
	if tip == "" {
		return "", nil
	}
	var ours []string
	for _, m := range slices.Backward(now.Merged) {
		ours = append(ours, m.Commit)
	}
	ours = slices.Compact(append(ours, now.Start))
	ours = slices.DeleteFunc(ours, func(sha string) bool { return git.CheckID(sha) != nil })
	has, err := l.mirror.Contains(ctx, tip, ours...)
	if err != nil {
		return "", err
	}
	for _, sha := range ours {
		if has[sha] {
			return sha, nil
		}
	}
	return "", nil
}

// wakeFollowers has those in the lane judged anew whose agent comes after this pull request's: what they wait for is
// another now.
func (o *followUp) wakeFollowers(ctx context.Context, now queue.Lane) error {
	for _, e := range now.Entries {
		if e.Number == o.pull.Number || !slices.Contains(o.read.after(e.Agent), o.report.Agent) {
			continue
		}
		if err := o.wakeOne(ctx, o.site, e.Number, "what it comes after entered the lane"); err != nil {
			return err
		}
	}
	return nil
}

// tellLane tells the lane how the head stands. A draft, or a pull request that goes elsewhere by now, leaves.
func (o *followUp) tellLane(ctx context.Context, id store.LaneID, now queue.Lane, entry queue.Entry) error {
	p, stacked := o.pull, o.read.facts.Stacked
	switch {
	case p.Draft:
		return o.withdraw(ctx, id, "it is a draft now")
	case p.Base.Name != id.Branch && stacked == nil && stackLanded(now, entry, p.Base.Name):
		return o.site.EditPull(ctx, p.Number, gh.EditedPull{Base: &id.Branch}) // which is news, and judged anew
	case p.Base.Name != id.Branch && stacked == nil && stackWaits(now, entry, p.Base.Name):
		return fmt.Errorf("%w: what pull request %d is stacked on is not open any more, and the lane has not heard why", errUnsettled, p.Number)
	case p.Base.Name != id.Branch && stacked == nil:
		return o.withdraw(ctx, id, "it goes to another branch now")
	}
	j := queue.Judgement{Head: p.Head.SHA, Contract: o.report.Contract.SHA256, Good: o.report.Verdict() == checks.Success, Why: o.shortcoming()}
	if stacked != nil {
		j.Good, j.Why = false, fmt.Sprintf("it is stacked on #%d, and goes to the integration branch when that has landed", stacked.PR)
	}
	known, err := o.read.known(ctx, now, o.report)
	if err != nil {
		return err
	}
	if known.Record, err = o.db.LaneRecord(ctx, id, entry.Agent); err != nil {
		return err
	}
	if j.Good {
		if err := o.keep(ctx); err != nil {
			return err
		}
	}
	_, err = o.db.Step(ctx, id, queue.Judged{Number: p.Number, Reading: o.reading, Judgement: j, Known: known})
	return err
}

// dossier is what the offer will show of a change: the report that let it in, and what its author wrote.
type dossier struct {
	Report checks.Report `json:"report"`
	Body   string        `json:"body"`
}

// keep stores what the head was judged by.
func (o *followUp) keep(ctx context.Context) error {
	report, err := json.Marshal(dossier{o.report, o.pull.Body})
	if err != nil {
		return fmt.Errorf("keep the report on pull request %d: %w", o.pull.Number, err)
	}
	return o.db.PutReport(ctx, store.Key{Repo: o.site.id, PR: o.pull.Number}, o.pull.Head.SHA, report)
}

// shortcoming is what the first check that does not pass says.
func (o *followUp) shortcoming() string {
	for _, c := range o.report.Checks {
		if c.Verdict != checks.Success {
			return c.Name + ": " + c.Title
		}
	}
	return ""
}

func (o *followUp) withdraw(ctx context.Context, id store.LaneID, why string) error {
	_, err := o.db.Step(ctx, id, queue.Withdrawn{Number: o.pull.Number, Reading: o.reading, Why: why})
	return err
}

// leave takes a closed pull request out of the lanes that it waits in, and has those judged anew that wait for it. An offer
// that was closed is news for its lane.
func (a *App) leave(ctx context.Context, s site, pull gh.Pull, reading int64) error {
	lanes, err := a.db.Lanes(ctx, s.id)
	if err != nil {
		return err
	}
	why := "it was closed"
	if pull.Merged {
		why = "it was merged by hand"
	}
	for _, l := range lanes {
		id := store.LaneID{Repo: s.id, Branch: l.Branch}
		if pull.Head.Repo == s.id && pull.Head.Name == l.Branch {
			if err := a.wakeLane(ctx, s, laneNotice(l.Branch, "its offer was closed")); err != nil {
				return err
			}
		}
		if _, in := entryOf(l, pull.Number); in {
			if _, err := a.db.Step(ctx, id, queue.Withdrawn{Number: pull.Number, Reading: reading, Why: why}); err != nil {
				return err
			}
		}
		if err := a.wakeDependents(ctx, s, l, pull.Number); err != nil {
			return err
		}
	}
	return nil
}

// wakeDependents has those in a lane judged anew that depend on a pull request.
func (a *App) wakeDependents(ctx context.Context, s site, l queue.Lane, number int) error {
	for _, e := range l.Entries {
		if slices.ContainsFunc(e.Known.After, func(n queue.Need) bool { return n.Repo == "" && n.Number == number }) {
			if err := a.wakeOne(ctx, s, e.Number, "what it depends on changed"); err != nil {
				return err
			}
		}
	}
	return nil
}
