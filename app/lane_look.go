package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/ownership"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// lookAtLanes looks at the repository's lanes as far as the notices may mean them. A sweep's notice means all of a lane.
func (a *App) lookAtLanes(ctx context.Context, s site, notices []store.Notice) error {
	lanes, err := a.db.Lanes(ctx, s.id)
	if err != nil || len(lanes) == 0 {
		return err
	}
	repository, _, err := a.db.Repository(ctx, s.id)
	if err != nil {
		return err
	}
	var all []error
	for _, known := range lanes {
		l := a.laneAt(s, store.LaneID{Repo: s.id, Branch: known.Branch})
		branches, tests, whole := l.meant(known, notices)
		if !branches && !tests {
			continue
		}
		now, err := l.look(ctx, repository.DefaultBranch)
		if err == nil && whole {
			err = l.reconcile(ctx, now)
		}
		if err == nil {
			err = l.readTests(ctx, now)
		}
		if err != nil {
			all = append(all, fmt.Errorf("look at the lane %s: %w", l.id, err))
		}
	}
	return errors.Join(all...)
}

// meant tells what of a lane notices ask for: its branches, its candidates' tests, or all that GitHub has of it.
func (l *lane) meant(known queue.Lane, notices []store.Notice) (branches, tests, whole bool) {
	for _, n := range notices {
		switch {
		case n.SHA != "":
			tests = tests || slices.ContainsFunc(known.Candidates, func(c queue.Candidate) bool { return c.Commit == n.SHA || c.Commit == "" })
		case n.Ref == "":
			branches, tests, whole = true, true, true
		case !isCandidate(n.Ref):
			branches = true
		}
	}
	return branches, tests, whole
}

// sight is what a lane's branches and its contract were at one reading.
type sight struct {
	reading     int64
	contract    *ownership.Contract
	policy      queue.Policy
	tip, target string // "" for a branch that does not exist
	offeredOn   string // the target's name
	lane        queue.Lane
}

// look reads the lane's branches and contract, and tells the lane what is new.
func (l *lane) look(ctx context.Context, def string) (sight, error) {
	seen, err := l.db.Step(ctx, l.id, queue.Ticked{At: l.config.Now()})
	if err != nil {
		return sight{}, err
	}
	now, err := l.read(ctx, def)
	if err != nil {
		return sight{}, err
	}
	if err := l.tellPolicy(ctx, seen, now); err != nil {
		return sight{}, err
	}
	if err := l.tellTip(ctx, seen, now); err != nil {
		return sight{}, err
	}
	if now.contract != nil && now.target != "" {
		if err := l.tellTarget(ctx, seen, now); err != nil {
			return sight{}, err
		}
	}
	now.lane, _, err = l.db.Lane(ctx, l.id)
	return now, err
}

// read reads the contract, the integration branch and its target. The number of the reading is taken before.
func (l *lane) read(ctx context.Context, def string) (sight, error) {
	reading, err := l.db.NextReading(ctx)
	if err != nil {
		return sight{}, err
	}
	if def == "" {
		return sight{}, fmt.Errorf("%w: the repository's default branch is not known", errUnsettled)
	}
	tips, err := l.fetch(ctx, branchRef(def), l.ref())
	if err != nil {
		return sight{}, err
	}
	if tips[branchRef(def)] == "" {
		return sight{}, fmt.Errorf("%w: the default branch %s is not there", errUnsettled, def)
	}
	contract, state, err := readContract(ctx, l.mirror, tips[branchRef(def)])
	if err != nil {
		return sight{}, err
	}
	now := sight{reading: reading, contract: contract, policy: policyOf(l.id.Branch, contract, state), tip: tips[l.ref()]}
	if contract == nil {
		return now, nil
	}
	now.offeredOn = target(contract, def)
	if now.offeredOn == def {
		now.target = tips[branchRef(def)]
		return now, nil
	}
	tips, err = l.fetch(ctx, branchRef(now.offeredOn))
	now.target = tips[branchRef(now.offeredOn)]
	return now, err
}

// tellPolicy tells the lane what the contract says, when that is new.
func (l *lane) tellPolicy(ctx context.Context, seen queue.Lane, now sight) error {
	after, _ := queue.Step(seen, queue.PolicyChanged{Policy: now.policy, Reading: now.reading})
	if samePolicy(after.Policy, seen.Policy) {
		return nil
	}
	if _, err := l.db.Step(ctx, l.id, queue.PolicyChanged{Policy: now.policy, Reading: now.reading}); err != nil {
		return err
	}
	l.log.Info("the lane's policy changed", "lane", l.id.String(), "contract", now.policy.Contract, "broken", now.policy.Broken)
	return nil
}

func samePolicy(a, b queue.Policy) bool {
	same := slices.Equal(a.Required, b.Required)
	a.Required, b.Required = nil, nil
	return same && fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}

// tellTip tells the lane where its branch is, when that is not where it should be. A landing that came between makes the
// reading worthless: it is dropped then. And GitHub's answers may lag behind: what looks like another's push or a rewind
// counts once a second look, some time later, sees the same.
func (l *lane) tellTip(ctx context.Context, seen queue.Lane, now sight) error {
	if now.tip == seen.Tip && seen.Frozen.Why == "" {
		l.doubts.settle(l.id)
		return nil
	}
	if f := seen.Frozen; f.Why != "" && f.Seen == now.tip {
		return nil // the lane knows
	}
	if moving(seen) {
		return nil // both the old and the new tip are to be expected; the landing's own outcome tells
	}
	if seen.Tip != "" && now.tip != seen.Tip && !l.doubts.confirmed(l.id, now.tip, l.config.Pace.Settle) {
		return fmt.Errorf("%w: the integration branch is at %q, and %q by our records", errUnsettled, now.tip, seen.Tip)
	}
	_, done, err := l.db.StepIf(ctx, l.id, queue.TipMoved{Tip: now.tip, Reading: now.reading}, func(at queue.Lane) bool {
		return at.Tip == seen.Tip && at.Landed == seen.Landed
	})
	if done && seen.Tip == "" { // what is offered may be judged now
		err = l.wakeOffer(ctx, now)
	}
	if done {
		l.doubts.settle(l.id)
		l.log.Warn("the integration branch is not where it was", "lane", l.id.String(), "seen", now.tip, "expected", seen.Tip)
	}
	return err
}

// wakeOffer has the open pull requests from the integration branch to its target judged again.
func (l *lane) wakeOffer(ctx context.Context, now sight) error {
	if now.contract == nil {
		return nil
	}
	offers, err := l.site.PullsFrom(ctx, l.id.Branch, now.offeredOn, "open")
	if err != nil {
		return err
	}
	for _, o := range offers {
		if err := l.wakeOne(ctx, l.site, o.Number, "the lane knows its branch"); err != nil {
			return err
		}
	}
	return nil
}

// tellTarget tells the lane that its offer was merged, or that the target moved by itself.
func (l *lane) tellTarget(ctx context.Context, seen queue.Lane, now sight) error {
	merged, err := l.mergedOffer(ctx, seen, now)
	if err != nil {
		return err
	}
	if merged != "" {
		_, err = l.db.Step(ctx, l.id, queue.TargetMerged{Head: merged, Target: now.target, Reading: now.reading})
		return err
	}
	if now.target == seen.Target {
		return nil
	}
	moved := queue.TargetMoved{Target: now.target, Reading: now.reading}
	if seen.Target != "" {
		has, err := l.mirror.Contains(ctx, now.target, seen.Target)
		if err != nil {
			return err
		}
		moved.Rewound = !has[seen.Target]
	}
	_, _, err = l.db.StepIf(ctx, l.id, moved, func(at queue.Lane) bool { return at.Target == seen.Target })
	return err // what was compared with an older target is read again
}

// mergedOffer finds the commit of this lane that the target took with the newest offer, "" when it took none. A commit
// that the lane does not know says nothing: it is of an offer before.
func (l *lane) mergedOffer(ctx context.Context, seen queue.Lane, now sight) (string, error) {
	if len(seen.Merged) == 0 && seen.Start == seen.Target {
		return "", nil
	}
	offers, err := l.site.PullsFrom(ctx, l.id.Branch, now.offeredOn, "closed")
	if err != nil {
		return "", err
	}
	for _, o := range offers {
		known := slices.ContainsFunc(seen.Merged, func(m queue.Merge) bool { return m.Commit == o.Head.SHA })
		if o.Merged && (known || o.Head.SHA == seen.Start && seen.Start != now.target) {
			return o.Head.SHA, nil
		}
	}
	return "", nil
}

// reconcile compares the lane with all that GitHub has of it: open pull requests, and candidates' branches.
func (l *lane) reconcile(ctx context.Context, now sight) error {
	reading, err := l.db.NextReading(ctx)
	if err != nil {
		return err
	}
	open, err := l.site.OpenPulls(ctx)
	if err != nil {
		return gone(err)
	}
	picture := queue.Reconciled{Reading: reading, OpenAll: true, HaveAll: true}
	for _, p := range open {
		entry, _ := entryOf(now.lane, p.Number)
		if l.belongs(p, open) || !p.Draft && (stackLanded(now.lane, entry, p.Base.Name) || stackWaits(now.lane, entry, p.Base.Name)) {
			picture.Open = append(picture.Open, queue.Member{Number: p.Number, Head: p.Head.SHA})
		}
	}
	var branches map[string]string
	err = renewed(l.site.RenewGitToken, func() (err error) {
		branches, err = l.mirror.TipsBelow(ctx, l.candidateFolder())
		return err
	})
	if err != nil {
		return err
	}
	for _, ref := range slices.Sorted(maps.Keys(branches)) {
		if id := strings.TrimPrefix(ref, l.candidateFolder()); !strings.Contains(id, "/") { // else of a lane whose branch begins as ours
			picture.Branches = append(picture.Branches, id)
		}
	}
	_, _, err = l.db.StepIf(ctx, l.id, picture, func(at queue.Lane) bool { return at.Arrival == now.lane.Arrival })
	return err // whoever entered after the list was read is not missing from it
}

// belongs tells whether a pull request may be in the lane: it is no draft, and goes to the integration branch, or to the
// branch of another one that does.
func (l *lane) belongs(p gh.Pull, open []gh.Pull) bool {
	return !p.Draft && (p.Base.Name == l.id.Branch || stackedOn(p, open, l.id.Branch) != nil)
}

// maxStack is how many pull requests may stand on each other.
const maxStack = 10

// stackedOn finds the open pull request whose branch is another one's base, when the chain of them leads to a branch.
func stackedOn(p gh.Pull, open []gh.Pull, branch string) *gh.Pull {
	var first *gh.Pull
	for range maxStack {
		i := slices.IndexFunc(open, func(o gh.Pull) bool {
			return o.Number != p.Number && o.Head.Repo == p.Base.Repo && o.Head.Name == p.Base.Name
		})
		if i < 0 {
			return nil
		}
		p = open[i]
		if first == nil {
			first = &open[i]
		}
		if p.Base.Name == branch {
			return first
		}
	}
	return nil
}

// heads reads where the heads of pull requests are, by number. One that GitHub does not have is missing.
func (l *lane) heads(ctx context.Context, members []queue.Member) (map[int]string, error) {
	var refs []string
	for _, m := range members {
		refs = append(refs, pullRef(m.Number))
	}
	tips, err := l.tips(ctx, refs...)
	if err != nil {
		return nil, err
	}
	heads := map[int]string{}
	for _, m := range members {
		if tip := tips[pullRef(m.Number)]; tip != "" {
			heads[m.Number] = tip
		}
	}
	return heads, nil
}

// unmoved tells whether all members' heads are as they were. Those that moved are judged anew, which tells the lane.
func (l *lane) unmoved(ctx context.Context, members []queue.Member) (bool, error) {
	heads, err := l.heads(ctx, members)
	if err != nil {
		return false, err
	}
	same := true
	for _, m := range members {
		if heads[m.Number] != m.Head {
			same = false
			if err := l.wakeOne(ctx, l.site, m.Number, "its head moved before it landed"); err != nil {
				return false, err
			}
		}
	}
	return same, nil
}
