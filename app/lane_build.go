package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// builder builds one candidate.
type builder struct {
	*lane
	queue.Build
	now  queue.Lane
	made []git.Merged
}

// build merges a candidate's members, judges what each of them would land on the very tree, and pushes the candidate to
// its branch, where CI tests it. It may have been done before: the same members give the same commit, and a branch that
// holds it is found.
func (l *lane) build(ctx context.Context, e queue.Build) (queue.Event, error) {
	now, _, err := l.db.Lane(ctx, l.id)
	if err != nil || !now.Awaits(e.Key()) {
		return nil, err
	}
	b := &builder{lane: l, Build: e, now: now}
	if same, err := b.bring(ctx); err != nil || !same {
		return b.unbrought(ctx, err)
	}
	if no, err := b.merge(ctx); err != nil || no != nil {
		return no, err
	}
	if no, err := b.judgeAll(ctx); err != nil || no != nil {
		return no, err
	}
	if err := b.publish(ctx); err != nil {
		return b.declined(err)
	}
	last := b.made[len(b.made)-1]
	return queue.Built{Candidate: e.Candidate, Commit: last.Commit, Tree: last.Tree}, nil
}

// unbrought is a build that lacks what it is to be made of. The commit of what lands again may be gone for good; whatever
// else an error says is tried again. Without an error a head moved.
func (b *builder) unbrought(ctx context.Context, err error) (queue.Event, error) {
	if err == nil {
		return b.stale(), nil
	}
	var missing *git.NotFoundError
	if !errors.As(err, &missing) {
		return nil, err
	}
	for _, m := range b.Members {
		has, failed := b.mirror.Has(ctx, m.Head)
		if failed != nil {
			return nil, errors.Join(err, failed)
		}
		if entry, _ := entryOf(b.now, m.Number); entry.Carried && !has[m.Head] {
			return b.vanished(ctx, m, err)
		}
	}
	return nil, err
}

// stale says that what the build relied on has changed.
func (b *builder) stale() queue.Event {
	return queue.Refused{Key: b.Key(), Stale: true, Why: "a head moved before the candidate was built"}
}

// bring fetches the members' heads and the commit to build on. false: a head is another one by now.
func (b *builder) bring(ctx context.Context) (bool, error) {
	refs := []string{b.ref()}
	for _, m := range b.Members {
		if m.Number > 0 {
			refs = append(refs, pullRef(m.Number))
		}
	}
	tips, err := b.fetch(ctx, refs...)
	if err != nil {
		return false, err
	}
	same := true
	for _, m := range b.now.Recheck(b.Members) {
		if tips[pullRef(m.Number)] != m.Head {
			same = false
			if err := b.wakeOne(ctx, b.site, m.Number, "its head moved before a candidate was built"); err != nil {
				return false, err
			}
		}
	}
	if !same {
		return false, nil
	}
	return true, b.bringOnto(ctx)
}

// bringOnto makes sure that the mirror has the commit to build on, and the target where that is a member: they are on the
// integration branch, on the target, or on another candidate's branch.
func (b *builder) bringOnto(ctx context.Context) error {
	need := []string{b.Onto}
	for _, m := range b.Members {
		need = append(need, m.Head)
	}
	has, err := b.mirror.Has(ctx, need...)
	if err != nil {
		return err
	}
	need = slices.DeleteFunc(need, func(sha string) bool { return has[sha] })
	if len(need) == 0 {
		return nil
	}
	return renewed(b.site.RenewGitToken, func() error { return b.mirror.FetchCommits(ctx, need...) })
}

// merge makes the candidate's commits. The event says that one member cannot be merged.
func (b *builder) merge(ctx context.Context) (queue.Event, error) {
	at, err := b.when(ctx)
	if err != nil {
		return nil, err
	}
	var changes []git.Commit
	for _, m := range b.Members {
		who := git.Identity{Name: "agentplane", Email: "agentplane@users.noreply.github.com", When: at}
		changes = append(changes, git.Commit{Head: m.Head, Message: b.message(m), Author: who, Committer: who})
	}
	options := git.CandidateOptions{Squash: b.Method == string(ownership.Squash), SigningKey: b.config.SigningKey}
	if options.Squash {
		for _, m := range b.now.Merged {
			options.Squashed = append(options.Squashed, m.Head)
		}
	}
	b.made, err = b.mirror.Candidate(ctx, b.Onto, changes, options)
	var entry *git.EntryError
	if errors.As(err, &entry) && entry.Entry < len(b.Members) {
		return b.rejected(ctx, b.Members[entry.Entry], entry)
	}
	return nil, err
}

// when is the time in the candidate's commits: that of the newest commit it is made of, so that it is the same each time.
func (b *builder) when(ctx context.Context) (time.Time, error) {
	shas := []string{b.Onto}
	for _, m := range b.Members {
		shas = append(shas, m.Head)
	}
	times, err := b.mirror.Times(ctx, shas...)
	if err != nil {
		return time.Time{}, err
	}
	newest := time.Unix(1, 0).UTC() // where every clock is wrong
	for _, t := range times {
		if t.After(newest) && !t.After(b.config.Now().Add(time.Hour)) { // whose clock is wrong says nothing
			newest = t
		}
	}
	return newest, nil
}

// message is the commit's message: whose change it is, at which head. It depends on nothing that may change meanwhile.
func (b *builder) message(m queue.Member) string {
	if m.Number == queue.TargetNumber {
		return fmt.Sprintf("Merge the target into %s\n\nAgentplane-Target: %s\n", b.id.Branch, m.Head)
	}
	entry, _ := entryOf(b.now, m.Number)
	whose := ""
	if entry.Agent != "" {
		whose = " by " + entry.Agent
	}
	return fmt.Sprintf("Merge pull request #%d%s into %s\n\nAgentplane-Pull: %d\nAgentplane-Head: %s\n", m.Number, whose, b.id.Branch, m.Number, m.Head)
}

// rejected is what a failed merge means for its member. What is no fault of the member is tried again.
func (b *builder) rejected(ctx context.Context, m queue.Member, entry *git.EntryError) (queue.Event, error) {
	e := queue.Rejected{Candidate: b.Candidate, Number: m.Number}
	var conflict *git.ConflictError
	var refused *git.RefusedError
	switch {
	case errors.As(entry, &conflict):
		e.Paths = conflict.Paths
		for _, i := range conflict.With {
			e.With = append(e.With, b.Members[i].Number)
		}
		if conflict.Base { // with what the candidate stands on
			e.With = append(e.With, b.below(ctx, conflict.Paths)...)
		}
	case errors.As(entry, &refused):
		e.Refused, e.Paths = refused.Detail, pathsOf(refused.Path)
	default:
		return nil, entry
	}
	return e, nil
}

// below lists what has landed since the branch started and changed one of these paths: what a conflict with the branch is
// with, as far as that can be told.
func (b *builder) below(ctx context.Context, paths []string) []int {
	var with []int
	merged := b.now.Merged
	for _, m := range merged[max(0, len(merged)-maxBlamed):] {
		touch, err := b.mirror.Touched(ctx, b.now.Start, m.Head)
		if err != nil || m.Number == queue.TargetNumber {
			continue // who it was is a help, and no more
		}
		if slices.ContainsFunc(touch.Changes, func(c git.Change) bool { return slices.Contains(paths, c.Path) }) {
			with = append(with, m.Number)
		}
	}
	return with
}

// maxBlamed is how many landed pull requests are looked into for the other side of a conflict.
const maxBlamed = 20

func pathsOf(path string) []string {
	if path == "" {
		return nil
	}
	return []string{path}
}

// judgeAll judges what each member would land, on the very tree that it would give.
func (b *builder) judgeAll(ctx context.Context) (queue.Event, error) {
	below := b.Onto
	for i, m := range b.Members {
		made := b.made[i]
		if m.Number != queue.TargetNumber {
			if no, err := b.judgeOne(ctx, m, Commits{Base: below, Head: m.Head}, made); err != nil || no != nil {
				return no, err
			}
		}
		below = made.Commit
	}
	return nil, nil
}

// judgeOne judges one member once more, everything read anew, with what would really land in the place of what its branch
// changed.
func (b *builder) judgeOne(ctx context.Context, m queue.Member, at Commits, made git.Merged) (queue.Event, error) {
	if len(made.Workflows) > 0 {
		may, err := b.site.Workflows(ctx)
		if err != nil {
			return nil, err
		}
		if !may {
			return queue.Rejected{Candidate: b.Candidate, Number: m.Number, Paths: made.Workflows, Refused: "it changes workflows, and GitHub lets the App push such a change only with the permission workflows: write, which the installation does not give"}, nil
		}
	}
	entry, _ := entryOf(b.now, m.Number)
	pull, err := b.site.Pull(ctx, m.Number)
	switch {
	case gh.Absent(err) && entry.Carried:
		return b.vanished(ctx, m, err)
	case err != nil:
		return nil, err // GitHub may hide a pull request for a moment; one that stays away, the sweep takes out of the lane
	case entry.Carried && pull.Head.SHA != m.Head:
		return queue.Rejected{Candidate: b.Candidate, Number: m.Number, Refused: "it has another head since it landed, so what would land again cannot be judged"}, nil
	case !entry.Carried && !b.stands(pull, m):
		if err := b.wakeOne(ctx, b.site, m.Number, "it changed before a candidate was built"); err != nil {
			return nil, err
		}
		return b.stale(), nil
	}
	b.absent.settle(store.Key{Repo: b.site.id, PR: m.Number})
	at.Landing = made.Tree
	j, err := b.judged(ctx, b.site, pull, news{at: &at})
	if err != nil {
		return nil, fmt.Errorf("judge what pull request %d would land: %w", m.Number, err)
	}
	if slices.ContainsFunc(j.Report.Findings, func(f checks.Finding) bool { return f.Rule == checks.RuleUnread && f.Verdict != checks.Success }) {
		return nil, fmt.Errorf("%w: not everything about pull request %d could be read", errUnsettled, m.Number)
	}
	if why := trespass(j.Report, entry.Carried); why != "" {
		return queue.Rejected{Candidate: b.Candidate, Number: m.Number, Refused: why}, nil
	}
	return nil, nil
}

// trespass is why a report lets nothing land, as far as paths, approvals and interfaces go. What CI says about the head was
// judged already, and its tests on the candidate are still to come.
//
// What lands again was approved when it landed, and nobody is asked twice. Its paths are judged all the same: where the target
// took back what it was built on, its branch would bring that back.
func trespass(r checks.Report, again bool) string {
	for _, c := range r.Checks {
		if c.Name != checks.CheckVerification && c.Verdict != checks.Success && (!again || c.Name == checks.CheckOwnership) {
			return strings.TrimSuffix(c.Name+": "+c.Title, ".") + ", judged on what would land"
		}
	}
	return ""
}

// publish pushes the candidate to its branch. A branch that is there already is of an earlier try, or of a lane before the
// database was lost: it is ours either way.
func (b *builder) publish(ctx context.Context) error {
	ref, commit := b.candidateRef(b.Candidate), b.made[len(b.made)-1].Commit
	err := b.push(ctx, ref, commit, "")
	var moved *git.MovedError
	if !errors.As(err, &moved) {
		return err
	}
	if moved.Actual == commit || moved.Actual == "" {
		return nil
	}
	return b.push(ctx, ref, commit, moved.Actual)
}

// declined is a push that GitHub did not take. Its rules may forbid it for good, which a person has to mend.
func (b *builder) declined(err error) (queue.Event, error) {
	if why := forbidden(err); why != "" {
		return queue.Refused{Key: b.Key(), Final: true, Why: "GitHub takes no candidate: " + why}, nil
	}
	return nil, err
}

// forbidden is why a push is refused for good: a rule of the repository, or a permission that the App lacks. Other words,
// such as "failure", GitHub uses for what passes a moment later; what they were about is read again.
func forbidden(err error) string {
	var rejected *git.RejectedError
	if !errors.As(err, &rejected) {
		return ""
	}
	for _, s := range []string{"hook declined", "declined due to", "refusing to allow", "protected", "not allowed"} {
		if strings.Contains(rejected.Reason, s) {
			return rejected.Reason
		}
	}
	return ""
}
