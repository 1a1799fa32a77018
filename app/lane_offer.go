package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// offer keeps the pull request from the integration branch to the target up to date: what landed, and the evidence. People
// merge it. What is offered is what the lane holds by now.
func (l *lane) offer(ctx context.Context) error {
	now, _, err := l.db.Lane(ctx, l.id)
	if err != nil || !slices.ContainsFunc(now.Merged, func(m queue.Merge) bool { return m.Number != queue.TargetNumber }) {
		return err
	}
	repository, _, err := l.db.Repository(ctx, l.id.Repo)
	if err != nil {
		return err
	}
	seen, err := l.read(ctx, repository.DefaultBranch)
	if err != nil || seen.contract == nil {
		return err // a contract that cannot be used stops the lane, and says so there
	}
	if anything, err := l.ahead(ctx, seen); err != nil || !anything {
		return err
	}
	seen.lane = now
	if err := l.vouch(ctx, now, seen.target); err != nil {
		return err
	}
	title, body, err := l.renderOffer(ctx, seen)
	if err != nil {
		return err
	}
	open, err := l.site.PullsFrom(ctx, l.id.Branch, seen.offeredOn, "open")
	if err != nil {
		return err
	}
	if len(open) == 0 {
		_, err = l.site.CreatePull(ctx, gh.NewPull{Title: title, Body: body, Head: l.id.Branch, Base: seen.offeredOn})
		return err
	}
	if err := l.wakeOne(ctx, l.site, open[0].Number, "what it offers changed"); err != nil {
		return err
	}
	same := open[0].Title == title && strings.ReplaceAll(open[0].Body, "\r\n", "\n") == body
	if same {
		return nil
	}
	return l.site.EditPull(ctx, open[0].Number, gh.EditedPull{Title: &title, Body: &body})
}

// ahead tells whether the integration branch has what the target lacks. What a frozen lane offered may have been merged, and
// GitHub takes no pull request without commits.
func (l *lane) ahead(ctx context.Context, seen sight) (bool, error) {
	if seen.tip == "" || seen.target == "" {
		return false, nil
	}
	has, err := l.mirror.Contains(ctx, seen.target, seen.tip)
	return err == nil && !has[seen.tip], err
}

// vouchedName begins the digest of the check run that the App puts on a commit that the lane has landed.
const vouchedName = "landed-"

// vouch puts a check run on the commit that the branch holds: it landed there, tested as that commit. Only the App can write
// it, so it stands for what a lost database knew. A commit on top of what nobody judged gets none.
func (l *lane) vouch(ctx context.Context, now queue.Lane, target string) error {
	if began, err := l.unjudged(ctx, now, target); err != nil || began != "" {
		return err
	}
	var numbers []int
	for _, m := range now.Merged {
		if m.Commit == now.Tip && m.Number != queue.TargetNumber {
			numbers = append(numbers, m.Number)
		}
	}
	if len(now.Merged) == 0 || now.Merged[len(now.Merged)-1].Commit != now.Tip || now.Frozen.Why != "" {
		return nil
	}
	d := checks.RenderLanded(now.Branch, numbers)
	p := &publisher{App: l.App, site: l.site, key: store.Key{Repo: l.site.id}}
	return p.put(ctx, gh.Output{Document: d, SHA: now.Tip, Digest: vouchedName + checks.Digest(d)[:32] + "-0"})
}

// vouched tells whether the App has put its mark on a commit that landed.
func (a *App) vouched(ctx context.Context, s site, sha string) (bool, error) {
	runs, err := s.CheckRuns(ctx, sha)
	return strings.HasPrefix(runs[checks.CheckIntegration].Digest, vouchedName), err
}

// unjudged is the commit that the branch held before the lane began, where nobody has judged what is in it: the target lacks
// it, the App has not marked it as landed, and no person has taken the branch over since. "" where there is none.
func (l *lane) unjudged(ctx context.Context, now queue.Lane, target string) (string, error) {
	takenOver := func(m queue.Merge) bool { return m.Number == queue.TargetNumber && m.Head == m.Commit }
	if now.Start == "" || slices.ContainsFunc(now.Merged, takenOver) {
		return "", nil
	}
	if target != "" {
		if has, err := l.mirror.Contains(ctx, target, now.Start); err != nil || has[now.Start] {
			return "", err
		}
	}
	if marked, err := l.vouched(ctx, l.site, now.Start); err != nil || marked {
		return "", err
	}
	return now.Start, nil
}

// renderOffer writes the offer's title and description.
func (l *lane) renderOffer(ctx context.Context, seen sight) (title, body string, err error) {
	o := checks.Offer{
		Branch: l.id.Branch, Target: seen.offeredOn, Tip: seen.lane.Tip, Contract: seen.contract,
	}
	if f := seen.lane.TargetFailed; f.Commit != "" {
		o.Behind = f.Commit + ": " + f.Reason.String()
	}
	for _, d := range seen.lane.Left {
		if d.Carried {
			o.Lacking = append(o.Lacking, checks.LackingChange{PR: d.Number, Why: d.Reason.String()})
		}
	}
	for _, m := range seen.lane.Merged {
		if m.Number == queue.TargetNumber {
			continue
		}
		change, err := l.offered(ctx, m)
		if err != nil {
			return "", "", err
		}
		o.Changes = append(o.Changes, change)
	}
	trees, err := l.mirror.Trees(ctx, seen.lane.Tip)
	if err != nil {
		return "", "", err
	}
	o.Evidence, err = l.integrated(ctx, seen, tested{commit: seen.lane.Tip, tree: trees[seen.lane.Tip], branch: l.id.Branch})
	if err != nil {
		return "", "", err
	}
	title, body = checks.RenderOffer(o)
	return title, body, nil
}

// offered is one landed change: who made it, and by what it was judged. A report that was lost with the database is missing,
// and the offer says so.
func (l *lane) offered(ctx context.Context, m queue.Merge) (checks.OfferedChange, error) {
	change := checks.OfferedChange{PR: m.Number, Agent: m.Agent, Head: m.Head, Commit: m.Commit}
	pull, err := l.site.Pull(ctx, m.Number)
	if err != nil && !gh.Absent(err) {
		return change, err
	}
	change.Title, change.Author = pull.Title, pull.Author.Login
	kept, known, err := l.db.Report(ctx, store.Key{Repo: l.site.id, PR: m.Number}, m.Head)
	if err != nil || !known {
		return change, err
	}
	var d dossier
	if err := json.Unmarshal(kept, &d); err != nil {
		return change, fmt.Errorf("read the report that pull request %d landed with: %w", m.Number, err)
	}
	change.Matrix, change.Approvals = d.Report.Matrix, d.Report.Approvals
	change.Risk = checks.NotedRisk(d.Body)
	for _, row := range d.Report.Matrix {
		if row.Claim == string(checks.Success) {
			change.Claims = append(change.Claims, row.Requirement)
		}
	}
	for _, f := range d.Report.Findings {
		if name, shared := strings.CutPrefix(string(f.Rule), "interface/"); shared && !slices.Contains(change.Interfaces, name) {
			change.Interfaces = append(change.Interfaces, name)
		}
	}
	return change, nil
}
