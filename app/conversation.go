package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/store"
)

// Bounds on what a conversation may cost. What is beyond them is not read, and so decides nothing.
const (
	maxPeople   = 30 // accounts whose permission is asked for
	maxReviewed = 8  // commits whose contents are compared with what was approved
)

// recurringWithin is how far back the same intervention counts as recurring.
const recurringWithin = 30 * 24 * time.Hour

// conversation reads what people said about the pull request, and what they may decide. Where nothing waits for a person
// only the comments are read: each command gets its answer.
func (r *reader) conversation(ctx context.Context, needs checks.Needs) error {
	c := &checks.Conversation{}
	var err error
	if needs.Conversation {
		if c.Reviews, err = r.site.Reviews(ctx, r.pull.Number); err != nil {
			return err
		}
	}
	if c.Comments, err = r.commands(ctx); err != nil {
		return err
	}
	if c.People, err = r.people(ctx, c); err != nil {
		return err
	}
	if c.Teams, err = r.teams(ctx, c); err != nil {
		return err
	}
	if c.PushedBy, err = r.pushers(ctx); err != nil {
		return err
	}
	if c.Reviewed, err = r.reviewed(ctx, c); err != nil {
		return err
	}
	if err = r.remembered(ctx, c); err != nil {
		return err
	}
	r.facts.Conversation = c
	return nil
}

// commands reads the comments that may hold a command, with the head that each was written about. That is bound once: the
// head that the branch had when GitHub says the comment was written, as far as this App saw it. A comment that is older than
// the first push we know of is bound to nothing, and must name its commit.
func (r *reader) commands(ctx context.Context) ([]checks.Comment, error) {
	if r.pull.Comments == 0 {
		return nil, nil
	}
	all, err := r.site.Comments(ctx, r.pull.Number)
	if err != nil {
		return nil, err
	}
	key := store.Key{Repo: r.site.id, PR: r.pull.Number}
	bound, err := r.db.CommentHeads(ctx, key)
	if err != nil {
		return nil, err
	}
	missed, err := r.db.Watermark(ctx, missedMark)
	if err != nil {
		return nil, err
	}
	var commands []checks.Comment
	for _, c := range all {
		command, ok := checks.ParseCommand(c.Body)
		if !ok {
			continue
		}
		c.Head = bound[c.ID]
		witnessed := r.heard[c.ID] && c.At.After(missed)
		if head := r.headAt(c.At); c.Head == "" && head != "" && witnessed {
			if c.Head, err = r.db.SeenComment(ctx, key, store.Comment{ID: c.ID, Head: head, Written: c.At}); err != nil {
				return nil, err
			}
		}
		if c.Head == "" && command.Kind == checks.CommandIntegrate && command.Subject == "" {
			if c.Head, err = r.enteredHead(ctx, c.ID); err != nil {
				return nil, err
			}
		}
		commands = append(commands, c)
	}
	return commands, nil
}

// enteredHead is the present head, if our own check run there says that this very comment entered it: the database was lost
// since. Otherwise it is "".
func (r *reader) enteredHead(ctx context.Context, comment int64) (string, error) {
	answered, err := r.db.Answers(ctx, store.Key{Repo: r.site.id, PR: r.pull.Number})
	if err != nil || answered[comment] {
		return "", err
	}
	if r.entered == nil {
		runs, err := r.site.CheckRuns(ctx, r.pull.Head.SHA)
		if err != nil {
			return "", err
		}
		by := enteredBy(runs[checks.CheckIntegration])
		r.entered = &by
	}
	if comment != *r.entered {
		return "", nil
	}
	return r.pull.Head.SHA, nil
}

// missedMark names the time of the newest delivery that did not reach the App. What was pushed until then may be unknown, so
// a command from before is bound to nothing, and one that came by another way than its own delivery neither.
const missedMark = "missed deliveries"

// boundWithin is how long after a comment was written the App may first read it and still tell which head it was about.
// Whoever was away for longer may have missed a push.
const boundWithin = 10 * time.Minute

// headAt is the head that the branch had at a time, "" when that is not known: it is too long ago to tell, or the present
// head was pushed again since, and what stood there in between was perhaps never seen. GitHub cuts the times of comments to
// whole seconds, so one that was written in the second of a push counts as written before it.
func (r *reader) headAt(at time.Time) string {
	again := len(r.heads) > 0 && !r.heads[0].LastAt.After(at) && r.pushed.After(at)
	if again || r.config.Now().Sub(at) > boundWithin {
		return ""
	}
	for _, h := range r.heads {
		if !h.LastAt.After(at) {
			return h.SHA
		}
	}
	return ""
}

// people reads the permissions of those who reviewed or wrote a command. Bots decide nothing.
func (r *reader) people(ctx context.Context, c *checks.Conversation) ([]checks.Standing, error) {
	var who []checks.Account
	add := func(a checks.Account) {
		known := slices.ContainsFunc(who, func(o checks.Account) bool { return o.ID == a.ID })
		if !a.Bot && a.Known() && !known && len(who) < maxPeople {
			who = append(who, a)
		}
	}
	for _, v := range slices.Backward(c.Reviews) {
		if v.State != "COMMENTED" {
			add(v.By)
		}
	}
	for _, m := range slices.Backward(c.Comments) {
		add(m.By)
	}
	var people []checks.Standing
	for _, a := range who {
		permission, err := r.standing.permission(ctx, r.site, a)
		if err != nil {
			return nil, err
		}
		people = append(people, checks.Standing{Account: a, Permission: permission})
	}
	return people, nil
}

// teams reads the teams whose word could count here, once somebody said something. A team that cannot be read is told with
// its problem.
func (r *reader) teams(ctx context.Context, c *checks.Conversation) ([]checks.Team, error) {
	if len(c.Reviews)+len(c.Comments) == 0 {
		return nil, nil
	}
	var teams []checks.Team
	for _, name := range r.teamsNeeded(c) {
		members, err := r.standing.team(ctx, r.site, name)
		var problem *gh.TeamError
		switch {
		case errors.As(err, &problem):
			teams = append(teams, checks.Team{Name: name, Problem: problem.Why})
		case err != nil:
			return nil, err
		default:
			teams = append(teams, checks.Team{Name: name, Members: members})
		}
	}
	return teams, nil
}

// teamsNeeded lists the teams that may approve what was touched, and those that may widen the scope or integrate once
// somebody asks for it, sorted.
func (r *reader) teamsNeeded(c *checks.Conversation) []string {
	var names []string
	ruler := r.contract.Ruler()
	for _, change := range r.facts.Touched.Changes {
		ruling := ruler.Rule(nil, change.Path)
		for _, class := range ruling.Classes {
			names = append(names, class.By...)
		}
		for _, in := range ruling.Interfaces {
			names = append(names, in.By...)
		}
	}
	if s := r.facts.Surroundings; s != nil {
		for _, n := range s.Neighbors {
			for _, change := range n.Changes {
				names = append(names, r.approversOf(change.Interface)...)
			}
		}
	}
	planners := func(m checks.Comment) bool {
		command, _ := checks.ParseCommand(m.Body)
		return command.Kind == checks.CommandExpand || command.Kind == checks.CommandIntegrate
	}
	if slices.ContainsFunc(c.Comments, planners) {
		names = append(names, r.contract.Integration.Integrators...)
	}
	return distinct(slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(name, "/") }))
}

// approversOf are those who may approve changes of an interface.
func (r *reader) approversOf(name string) []string {
	for _, in := range r.contract.Interfaces {
		if in.Name == name {
			return in.By
		}
	}
	return nil
}

// pushers lists everyone who is known to have pushed to the head branch.
func (r *reader) pushers(ctx context.Context) ([]checks.Account, error) {
	if r.pull.Head.Repo != r.site.id {
		return nil, nil
	}
	pushes, err := r.db.Pushers(ctx, r.site.id, headRef(r.pull))
	var accounts []checks.Account
	for _, p := range pushes {
		accounts = append(accounts, checks.Account{ID: p.UserID, Login: p.Login})
	}
	return accounts, err
}

// reviewed reads what the pull request changed at the commits that were approved. A commit that the mirror does not have
// is fetched by its id; one that GitHub no longer has approves nothing.
func (r *reader) reviewed(ctx context.Context, c *checks.Conversation) (map[string][]checks.Change, error) {
	changes := map[string][]checks.Change{}
	if r.facts.Touched == nil || r.facts.Touched.Refused != nil {
		return changes, nil
	}
	changes[r.pull.Head.SHA] = r.facts.Touched.Changes
	for _, sha := range r.approvedCommits(c) {
		if _, done := changes[sha]; done || len(changes) > maxReviewed {
			continue
		}
		if err := r.mirror.FetchCommits(ctx, sha); err != nil {
			if unavailable(err) {
				continue
			}
			return nil, err
		}
		touch, err := r.mirror.Touched(ctx, r.commits.Base, sha)
		switch {
		case err == nil:
			changes[sha] = toChanges(touch.Changes)
		case !unavailable(err):
			return nil, err
		}
	}
	return changes, nil
}

// approvedCommits lists the commits that reviews and comments are about, newest first.
func (r *reader) approvedCommits(c *checks.Conversation) []string {
	var all []string
	for _, v := range slices.Backward(c.Reviews) {
		if v.State == "APPROVED" {
			all = append(all, v.SHA)
		}
	}
	for _, m := range slices.Backward(c.Comments) {
		all = append(all, m.Head)
	}
	for _, h := range r.heads {
		all = append(all, h.SHA) // a comment may name one of them
	}
	return slices.DeleteFunc(all, func(sha string) bool { return git.CheckID(sha) != nil })
}

// unavailable tells a commit that cannot be had, or cannot be judged, from a failure that is worth another try.
func unavailable(err error) bool {
	var absent *git.NotFoundError
	var refused *git.RefusedError
	var missing *git.MissingRefError
	return errors.As(err, &absent) || errors.As(err, &refused) || errors.As(err, &missing)
}

// remembered reads approvals as they were first seen, and what recurs.
func (r *reader) remembered(ctx context.Context, c *checks.Conversation) error {
	recorded, err := r.db.Approvals(ctx, r.site.id, r.pull.Number)
	if err != nil {
		return err
	}
	for _, a := range recorded {
		c.Recorded = append(c.Recorded, checks.Approval{
			Source: a.Source, Subject: a.Subject, Contents: a.Contents,
			By: checks.Account{ID: a.UserID, Login: a.Login}, Contract: a.Contract, At: a.At,
		})
	}
	recurring, err := r.db.Recurring(ctx, r.site.id, r.config.Now().Add(-recurringWithin))
	for _, n := range recurring {
		c.Recurring = append(c.Recurring, checks.Recurring{Kind: n.Kind, Agent: n.Agent, Subject: n.Subject, Times: n.Times})
	}
	return err
}
