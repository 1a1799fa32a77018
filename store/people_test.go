package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/store"
)

func TestApprovalsStayAsFirstSeen(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		ctx := within(t)
		a := store.Approval{Source: "comment 4", Subject: "lockfiles", Contents: "blobs-1", Contract: "c1", UserID: 9, Login: "ada", At: minute(-9)}
		other := a
		other.Subject, other.At = "ci", minute(-10)
		must(t, db.RecordApprovals(ctx, 1, 5, []store.Approval{a, other}))
		later := a
		later.Contents, later.Contract, later.Login = "blobs-2", "c2", "renamed"
		for range 2 {
			must(t, db.RecordApprovals(ctx, 1, 5, []store.Approval{later}))
		}
		must(t, db.RecordApprovals(ctx, 1, 6, []store.Approval{later}))
		must(t, db.RecordApprovals(ctx, 2, 5, []store.Approval{later}))
		must(t, db.RecordApprovals(ctx, 1, 5, nil))
		old := a
		old.Source, old.At = "comment 1", noon.Add(-401*24*time.Hour)
		must(t, db.RecordApprovals(ctx, 1, 5, []store.Approval{old}))
		if _, err := db.ForgetPull(ctx, 1, 5); err != nil { // it was closed, and may be opened again
			t.Fatal(err)
		}
		got, err := db.Approvals(ctx, 1, 5)
		must(t, err)
		if diff := cmp.Diff([]store.Approval{other, a}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestInterventionsAreCountedPerPullRequest(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		ctx := within(t)
		did := func(pr int, source, kind, subject string, at time.Time) store.Intervention {
			return store.Intervention{PR: pr, Source: source, Kind: kind, Agent: "search", Subject: subject, UserID: 9, Login: "ada", Why: "because", At: at}
		}
		all := []store.Intervention{
			did(1, "comment 1", "expand", "src/a.ts", minute(1)),
			did(1, "comment 2", "expand", "src/a.ts", minute(2)), // the same pull request
			did(2, "comment 3", "expand", "src/a.ts", minute(3)),
			did(3, "comment 4", "expand", "src/a.ts", minute(4)),
			did(2, "review 3", "approve", "lockfiles", minute(5)),
			did(3, "review 4", "approve", "lockfiles", minute(-5)), // before the time
			did(3, "comment 5", "retry", "", minute(6)),
		}
		for range 3 { // read again and again
			must(t, db.RecordInterventions(ctx, 1, all))
		}
		must(t, db.RecordInterventions(ctx, 2, all[:1]))
		changed := all[0]
		changed.Why, changed.PR = "another reason", 7
		must(t, db.RecordInterventions(ctx, 1, []store.Intervention{changed}))
		got, err := db.Recurring(ctx, 1, noon)
		must(t, err)
		want := []store.Recurrence{
			{Kind: "expand", Agent: "search", Subject: "src/a.ts", Times: 3},
			{Kind: "approve", Agent: "search", Subject: "lockfiles", Times: 1},
			{Kind: "retry", Agent: "search", Times: 1},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		one, err := db.Interventions(ctx, 1, 1)
		must(t, err)
		if diff := cmp.Diff(all[:2], one); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACommentIsBoundToTheHeadItWasFirstReadAt(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		ctx := within(t)
		k := store.Key{Repo: 1, PR: 5}
		seen := func(k store.Key, id int64, head string, written time.Time, want string) {
			t.Helper()
			if got, err := db.SeenComment(ctx, k, store.Comment{ID: id, Head: head, Written: written}); err != nil || got != want {
				t.Errorf("comment %d read at %s: %q, %v, want %q", id, head, got, err, want)
			}
		}
		seen(k, 1, "a", minute(-2), "a")
		seen(k, 1, "b", minute(-2), "a") // after a push
		seen(k, 2, "b", minute(-1), "b")
		seen(store.Key{Repo: 2, PR: 5}, 1, "z", minute(0), "z")
		seen(store.Key{Repo: 1, PR: 6}, 1, "y", minute(0), "") // it is pull request 5's
		seen(k, 3, "b", noon.Add(-401*24*time.Hour), "")       // too old to know
		_, err := db.ForgetPull(ctx, 1, 5)
		must(t, err)
		seen(k, 1, "c", minute(-2), "a") // it was closed and opened again
		heads, err := db.CommentHeads(ctx, k)
		must(t, err)
		if diff := cmp.Diff(map[int64]string{1: "a", 2: "b"}, heads); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACommentIsAnsweredOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		var mu sync.Mutex
		firsts := 0
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				first, err := db.PutAnswer(ctx, store.Key{Repo: 1, PR: 5}, 7)
				must(t, err)
				mu.Lock()
				defer mu.Unlock()
				if first {
					firsts++
				}
			})
		}
		wg.Wait()
		if first, err := db.PutAnswer(ctx, store.Key{Repo: 2, PR: 5}, 7); err != nil || !first || firsts != 1 {
			t.Errorf("%d first answers here, %v in another repository: %v", firsts, first, err)
		}
		answered, err := db.Answers(ctx, store.Key{Repo: 1, PR: 5})
		must(t, err)
		if diff := cmp.Diff(map[int64]bool{7: true}, answered); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEveryPusherOfABranchIsKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		push := func(user int64, sha string, at int) store.Push {
			return store.Push{Repo: 1, Ref: branch, SHA: sha, UserID: user, Login: fmt.Sprint("user", user), At: minute(at)}
		}
		must(t, db.Receive(ctx, delivery(1), nil, []store.Push{push(1, "a", 1), push(2, "b", 2)}))
		must(t, db.Receive(ctx, delivery(2), nil, []store.Push{push(3, "a", 3)})) // pushes 1's commit again: 1 stays known
		must(t, db.Receive(ctx, delivery(3), nil, []store.Push{push(2, "c", 4), push(2, "late", 0)}))
		other := push(9, "a", 5)
		other.Ref = "refs/heads/other"
		foreign := push(8, "a", 5)
		foreign.Repo = 2
		must(t, db.Receive(ctx, delivery(4), nil, []store.Push{other, foreign}))
		got, err := db.Pushers(ctx, 1, branch)
		must(t, err)
		if diff := cmp.Diff([]store.Push{push(2, "c", 4), push(3, "a", 3), push(1, "a", 1)}, got); diff != "" {
			t.Error(diff)
		}
		if p, ok, err := db.Pusher(ctx, 1, branch, "a"); err != nil || !ok || p.UserID != 3 {
			t.Errorf("the last pusher of a: %+v %v %v", p, ok, err)
		}
	})
}

func TestSurroundingsTellChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		for i, step := range []struct {
			k      store.Key
			digest string
			want   bool
		}{
			{store.Key{Repo: 1, PR: 1}, "x", true}, {store.Key{Repo: 1, PR: 1}, "x", false}, {store.Key{Repo: 1, PR: 1}, "y", true},
			{store.Key{Repo: 1, PR: 1}, "x", true}, {store.Key{Repo: 1, PR: 2}, "x", true}, {store.Key{Repo: 2, PR: 1}, "x", true},
		} {
			if changed, err := db.PutSurroundings(ctx, step.k, step.digest); err != nil || changed != step.want {
				t.Errorf("step %d: %v %v", i, changed, err)
			}
		}
		_, err := db.ForgetPull(ctx, 1, 1)
		must(t, err)
		for k, want := range map[store.Key]bool{{Repo: 1, PR: 1}: true, {Repo: 1, PR: 2}: false, {Repo: 2, PR: 1}: false} {
			if changed, err := db.PutSurroundings(ctx, k, "x"); err != nil || changed != want {
				t.Errorf("after closing 1: %v %v %v", k, changed, err)
			}
		}
	})
}
