package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/ownership"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// tell shows how a pull request stands: in the check run agentplane/integration on its head, and in one comment that is
// kept up to date. What is shown is what the lane holds by now, not what it held when the effect was asked for.
func (l *lane) tell(ctx context.Context, e queue.Tell) error {
	if e.Number == queue.TargetNumber {
		return nil
	}
	now, _, err := l.db.Lane(ctx, l.id)
	if err != nil {
		return err
	}
	status, known := queue.Statuses(now)[e.Number]
	if !known {
		return nil
	}
	pull, err := l.site.Pull(ctx, e.Number)
	if err != nil {
		if _, in := entryOf(now, e.Number); gh.Absent(err) && !in {
			return nil
		}
		return err
	}
	return errors.Join(l.show(ctx, now, status, pull), l.consequences(ctx, now, status, pull))
}

// show writes the check run and the comment.
func (l *lane) show(ctx context.Context, now queue.Lane, status queue.Status, pull gh.Pull) error {
	key := store.Key{Repo: l.site.id, PR: pull.Number}
	view := l.view(now, status)
	if err := l.company(ctx, now, &view); err != nil {
		return err
	}
	document := checks.RenderLane(view)
	if status.Head != "" {
		o := gh.Output{Document: document, SHA: status.Head, Digest: laneDigest(now, status, document)}
		p := &publisher{App: l.App, site: l.site, key: key}
		if err := p.put(ctx, o); err != nil {
			return err
		}
	}
	return l.speak(ctx, key, remark{name: stickyName, marker: strings.TrimSpace(checks.LaneMark), body: checks.LaneComment(view)})
}

// entered begins the digest that a check run carries: the comment that entered the head. With the database lost, it tells
// that this very command was carried out at this very head, and nobody but the App can write it.
const entered = "entered-by-"

func laneDigest(now queue.Lane, status queue.Status, d checks.Document) string {
	if status.Stage == queue.OnBranch {
		return landedMark(status.Number, status.Commit) + checks.Digest(d)[:32] + "-0"
	}
	request := int64(0)
	if entry, in := entryOf(now, status.Number); in {
		request = entry.Request
	}
	return fmt.Sprintf("%s%d-%s-0", entered, request, checks.Digest(d)[:32])
}

// enteredBy reads the comment that entered a head from the digest of our check run there; 0: none.
func enteredBy(run gh.CheckRun) int64 {
	rest, ok := strings.CutPrefix(run.Digest, entered)
	if !ok {
		return 0
	}
	var id int64
	if n, err := fmt.Sscanf(rest, "%d-", &id); n != 1 || err != nil {
		return 0
	}
	return id
}

// consequences are what a status means for others.
func (l *lane) consequences(ctx context.Context, now queue.Lane, status queue.Status, pull gh.Pull) error {
	switch status.Stage {
	case queue.InTest:
		c, _ := candidateOf(now, status.Candidate)
		if c.Commit == "" {
			return nil
		}
		return l.wakeLane(ctx, l.site, testNotice(c.Commit))
	case queue.Ejected:
		return l.wakeDependents(ctx, l.site, now, pull.Number)
	case queue.OnBranch:
		return errors.Join(l.finish(ctx, now, pull), l.retarget(ctx, pull), l.wakeDependents(ctx, l.site, now, pull.Number))
	}
	return nil
}

// finish closes a pull request that landed squashed: GitHub does not see that the branch holds it, and the comment says
// where it is. One that was merged GitHub closes by itself.
func (l *lane) finish(ctx context.Context, now queue.Lane, pull gh.Pull) error {
	if now.Policy.Method != string(ownership.Squash) || !pull.Open {
		return nil
	}
	for _, m := range now.Merged {
		if m.Number == pull.Number && m.Head == pull.Head.SHA {
			return l.site.EditPull(ctx, pull.Number, gh.EditedPull{Close: true})
		}
	}
	return nil // somebody pushed since: that is not on the branch
}

// retarget has the pull requests that are stacked on a landed one go to the integration branch.
func (l *lane) retarget(ctx context.Context, landed gh.Pull) error {
	if landed.Head.Repo != l.site.id || landed.Head.Name == "" {
		return nil
	}
	open, err := l.site.OpenPulls(ctx)
	if err != nil {
		return err
	}
	for _, p := range open {
		if p.Base.Name != landed.Head.Name || p.Number == landed.Number {
			continue
		}
		if err := l.site.EditPull(ctx, p.Number, gh.EditedPull{Base: &l.id.Branch}); err != nil {
			return fmt.Errorf("retarget pull request %d, which was stacked on %d: %w", p.Number, landed.Number, err)
		}
	}
	return nil
}

// The names under which the App's comments are known to the store.
const (
	stickyName = "lane"
	answerName = "answer to "
)

// remark is a comment of the App that is written once and then kept up to date. Its marker finds it again.
type remark struct{ name, marker, body string }

// speak writes a remark, or brings it up to date. An intent is stored first, so that a comment whose answer was lost is
// found, and not written twice. What GitHub lets nobody say, as in a locked conversation, stays unsaid: the check run says it.
func (a *App) speak(ctx context.Context, s site, key store.Key, r remark) error {
	sum := sha256.Sum256([]byte(r.body))
	digest := hex.EncodeToString(sum[:])
	known, intent, err := a.db.IntendComment(ctx, key, r.name)
	if err != nil {
		return err
	}
	id := known.ID
	if intent == store.IntentDone && known.Digest == digest {
		return nil
	}
	if intent == store.IntentBusy {
		return fmt.Errorf("%w: a comment on pull request %d is being written", errUnsettled, key.PR)
	}
	if intent != store.IntentDone {
		if id, err = a.spoken(ctx, s, key.PR, r.marker); err != nil {
			return err
		}
		if id == 0 && intent == store.IntentUnconfirmed && a.config.Now().Sub(known.At) < a.config.Pace.Settle {
			return fmt.Errorf("%w: a comment on pull request %d may have been written a moment ago", errUnsettled, key.PR)
		}
	}
	if id != 0 {
		err = s.SayAgain(ctx, id, r.body)
		if gh.Absent(err) { // somebody deleted it
			id = 0
		} else if err != nil {
			return a.tolerated(key, err)
		}
	}
	if id == 0 {
		if id, err = s.Say(ctx, key.PR, r.body); err != nil {
			return a.tolerated(key, err)
		}
	}
	return a.db.PutCommentPosted(ctx, key, r.name, store.CommentPosted{ID: id, Digest: digest})
}

// spoken finds the App's own comment with a marker, the newest; 0: there is none.
func (a *App) spoken(ctx context.Context, s site, number int, marker string) (int64, error) {
	own, err := s.OwnComments(ctx, number)
	if err != nil {
		return 0, err
	}
	for _, c := range own {
		if strings.HasPrefix(c.Body, marker) {
			return c.ID, nil
		}
	}
	return 0, nil
}

func (l *lane) speak(ctx context.Context, key store.Key, r remark) error {
	return l.App.speak(ctx, l.site, key, r)
}
