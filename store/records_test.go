package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/store"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func withClock() (*clock, store.Options) {
	c := &clock{now: noon}
	o := quick()
	o.Now = c.Now
	return c, o
}

func TestARepeatedDeliveryIsStoredOnceAndNoticedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		d := store.Delivery{GUID: "g", Event: "push", Body: []byte("hello")}
		for range 2 {
			must(t, db.Receive(within(t), d, []store.Notice{notice(1, 1, "again")}, nil))
		}
		must(t, db.Receive(within(t), store.Delivery{GUID: "nothing to look at", Event: "ping"}, nil, nil))
		got, err := db.Deliveries(within(t), noon.Add(-time.Hour), 10)
		must(t, err)
		want := []store.StoredDelivery{
			{GUID: "g", Event: "push", SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", Size: 5, ReceivedAt: noon, Times: 2},
			{GUID: "nothing to look at", Event: "ping", SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ReceivedAt: noon, Times: 1},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		stats, err := db.Stats(within(t))
		must(t, err)
		if stats.Notices != 2 || stats.Waiting != 1 || stats.Jobs["available"] != 1 {
			t.Errorf("got %+v", stats)
		}
		missing, err := db.Missing(within(t), []string{"g", "lost", "nothing to look at"})
		must(t, err)
		if diff := cmp.Diff([]string{"lost"}, missing); diff != "" {
			t.Error(diff)
		}
		if err := db.Receive(within(t), store.Delivery{Event: "push"}, nil, nil); err == nil {
			t.Error("a delivery without an id was stored")
		}
	})
}

// TestHostileTextIsStorable: what PostgreSQL refuses must not turn a delivery
// into one that fails for ever.
func TestHostileTextIsStorable(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		long := string(make([]byte, 100_000))
		n := store.Notice{Repo: 1, PR: 1, FullName: "a\x00b", Reason: "\xff\xfe" + long, Ref: "é" + long, SHA: "'; DROP TABLE notices; --"}
		pushes := []store.Push{{Repo: 1, Ref: "refs/heads/a\x00b", SHA: "x", UserID: 1}, {Repo: 1, Ref: "refs/heads/ok", SHA: "x", UserID: 2, Login: "\x00\xff"}}
		must(t, db.Receive(within(t), delivery(1), []store.Notice{n}, pushes))
		start(t, db, newJournal().handle)
		must(t, db.Drain(within(t)))
		_, known, err := db.Pusher(within(t), 1, "refs/heads/a\x00b", "x")
		must(t, err)
		p, ok, err := db.Pusher(within(t), 1, "refs/heads/ok", "x")
		must(t, err)
		if known || !ok || p.UserID != 2 {
			t.Errorf("known %v, ok %v, %+v", known, ok, p)
		}
	})
}

func TestTheLastPusherCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		push := func(user int64, at time.Time) store.Push {
			return store.Push{Repo: 1, Ref: "refs/heads/x", SHA: "abc", UserID: user, Login: "u", At: at}
		}
		must(t, db.Receive(within(t), delivery(1), nil, []store.Push{push(1, noon), push(3, noon.Add(2*time.Minute)), push(2, noon.Add(time.Minute))}))
		must(t, db.Receive(within(t), delivery(2), nil, []store.Push{push(4, noon.Add(time.Second))})) // came late
		got, ok, err := db.Pusher(within(t), 1, "refs/heads/x", "abc")
		must(t, err)
		if diff := cmp.Diff(push(3, noon.Add(2*time.Minute)), got); diff != "" || !ok {
			t.Error(ok, diff)
		}
		for why, other := range map[string]store.Push{
			"other repository": {Repo: 2, Ref: "refs/heads/x", SHA: "abc"}, "other ref": {Repo: 1, Ref: "refs/heads/y", SHA: "abc"},
			"other commit": {Repo: 1, Ref: "refs/heads/x", SHA: "abd"}, "case": {Repo: 1, Ref: "refs/heads/X", SHA: "abc"}, "empty": {},
		} {
			if _, ok, err := db.Pusher(within(t), other.Repo, other.Ref, other.SHA); ok || err != nil {
				t.Error(why, ok, err)
			}
		}
	})
}

func TestRepositories(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		ctx := within(t)
		for _, r := range []store.Repository{
			{ID: 2, Installation: 7, FullName: "octo/old", DefaultBranch: "main"},
			{ID: 1, Installation: 7, FullName: "octo/blog"},
			{ID: 3, Installation: 8, FullName: "else/where"},
			{ID: 2, Installation: 7, FullName: "octo/renamed"},
		} {
			must(t, db.PutRepository(ctx, r))
		}
		all, err := db.Repositories(ctx)
		must(t, err)
		if diff := cmp.Diff([]store.Repository{
			{ID: 1, Installation: 7, FullName: "octo/blog", SeenAt: noon},
			{ID: 2, Installation: 7, FullName: "octo/renamed", DefaultBranch: "main", SeenAt: noon},
			{ID: 3, Installation: 8, FullName: "else/where", SeenAt: noon},
		}, all); diff != "" {
			t.Error(diff)
		}
		must(t, db.Receive(ctx, delivery(1), []store.Notice{notice(2, 5, "gone"), notice(3, 5, "stays")}, []store.Push{{Repo: 2, Ref: "r", SHA: "s", UserID: 1}}))
		must(t, db.PutPublication(ctx, store.Publication{Repo: 2, SHA: "s", Name: "n", CheckRun: 4}))
		must(t, db.ForgetInstallation(ctx, 7))
		_, known, err := db.Repository(ctx, 2)
		must(t, err)
		kept, stays, err := db.Repository(ctx, 3)
		must(t, err)
		_, pushed, err := db.Pusher(ctx, 2, "r", "s")
		must(t, err)
		_, published, err := db.Publication(ctx, 2, "s", "n")
		must(t, err)
		if known || pushed || published || !stays || kept.Installation != 8 {
			t.Error(known, pushed, published, stays, kept)
		}
		j := newJournal()
		start(t, db, j.handle)
		must(t, db.Drain(ctx))
		j.mu.Lock()
		defer j.mu.Unlock()
		if diff := cmp.Diff(map[string]int{"stays": 1}, j.seen); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPublications(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		ctx := within(t)
		p := store.Publication{Repo: 1, SHA: "abc", Name: "agentplane/ownership"}
		intend := func(pr int, want store.Intent) store.Publication {
			t.Helper()
			got, intent, err := db.Intend(ctx, store.Key{Repo: 1, PR: pr}, p)
			must(t, err)
			if intent != want {
				t.Errorf("pull request %d: %v, want %v", pr, intent, want)
			}
			return got
		}
		intend(1, store.IntentFresh)
		intend(1, store.IntentUnconfirmed) // it crashed before it could say how it ended
		intend(2, store.IntentUnconfirmed) // nobody is at it: 2 takes it over
		if got, known, err := db.Publication(ctx, 1, "abc", p.Name); err != nil || !known || got.CheckRun != 0 {
			t.Error(got, known, err)
		}
		if err := db.PutPublication(ctx, p); err == nil {
			t.Error("confirmed without an id")
		}
		p.CheckRun, p.Digest = 99, "d1"
		must(t, db.PutPublication(ctx, p))
		want := p
		want.At = noon
		if diff := cmp.Diff(want, intend(2, store.IntentDone)); diff != "" {
			t.Error(diff)
		}
		all, err := db.Publications(ctx, 1, "abc")
		must(t, err)
		if diff := cmp.Diff([]store.Publication{want}, all); diff != "" {
			t.Error(diff)
		}
		must(t, db.ForgetPublication(ctx, 1, "abc", p.Name))
		intend(1, store.IntentFresh)
	})
}

func TestTwoKeysDoNotPublishAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		p := store.Publication{Repo: 1, SHA: "abc", Name: "agentplane/ownership"}
		first, second := make(chan struct{}), make(chan struct{})
		got := make(chan store.Intent, 10)
		start(t, db, func(ctx context.Context, k store.Key, _ []store.Notice) error {
			if k.PR == 2 {
				<-first
			}
			_, intent, err := db.Intend(ctx, k, p)
			got <- intent
			if err != nil {
				return err
			}
			if k.PR == 1 {
				close(first)
				<-second
				return db.PutPublication(ctx, store.Publication{Repo: 1, SHA: "abc", Name: p.Name, CheckRun: 5})
			}
			if intent == store.IntentBusy {
				return errors.New("come back later")
			}
			return nil
		})
		must(t, db.Notify(within(t), notice(1, 1, "a"), notice(1, 2, "b")))
		if a, b := await(t, got, "the first"), await(t, got, "the second"); a != store.IntentFresh || b != store.IntentBusy {
			t.Errorf("%v, then %v", a, b)
		}
		close(second)
		must(t, db.Drain(within(t)))
		var last store.Intent
		for len(got) > 0 {
			last = <-got
		}
		if last != store.IntentDone {
			t.Errorf("in the end %v", last)
		}
	})
}

func TestPullsAreFoundByTheirHead(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		put := func(number int, sha, want string) {
			t.Helper()
			if before, err := db.PutPull(ctx, store.Pull{Repo: 1, Number: number, SHA: sha}); err != nil || before != want {
				t.Errorf("pull request %d: before %q, %v, want %q", number, before, err, want)
			}
		}
		put(5, "a", "")
		put(3, "a", "")
		put(4, "b", "")
		put(4, "c", "b")
		put(4, "c", "c")
		at, err := db.PullsAt(ctx, 1, "a")
		must(t, err)
		all, err := db.Pulls(ctx, 1)
		must(t, err)
		if diff := cmp.Diff([][]int{{3, 5}, {3, 4, 5}}, [][]int{at, all}); diff != "" {
			t.Error(diff)
		}
		for _, want := range []string{"a", ""} {
			if before, err := db.ForgetPull(ctx, 1, 3); err != nil || before != want {
				t.Errorf("forgot %q, %v, want %q", before, err, want)
			}
		}
		must(t, db.ForgetRepository(ctx, 1))
		if all, err := db.Pulls(ctx, 1); err != nil || len(all) > 0 {
			t.Error(all, err)
		}
	})
}

func TestWatermarksOnlyRise(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		for _, step := range []struct{ set, want time.Time }{
			{time.Time{}, time.Time{}}, {noon, noon}, {noon.Add(-time.Hour), noon}, {noon.Add(time.Hour), noon.Add(time.Hour)},
		} {
			must(t, db.SetWatermark(within(t), "redelivery", step.set))
			if got, err := db.Watermark(within(t), "redelivery"); err != nil || !got.Equal(step.want) {
				t.Errorf("after %v: %v, %v", step.set, got, err)
			}
		}
		if got, err := db.Watermark(within(t), "other"); err != nil || !got.IsZero() {
			t.Error(got, err)
		}
	})
}

func TestPruneRemovesWhatIsOldAndDone(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		c, o := withClock()
		db := open(t, b.url(t), o)
		ctx := within(t)
		for i := range 1200 { // more than one statement removes
			must(t, db.Receive(ctx, delivery(i), nil, nil))
		}
		must(t, db.Receive(ctx, delivery(9000), []store.Notice{notice(1, 1, "done")}, []store.Push{{Repo: 1, Ref: "r", SHA: "s", UserID: 1}}))
		must(t, db.PutPublication(ctx, store.Publication{Repo: 1, SHA: "s", Name: "n", CheckRun: 4}))
		stop := start(t, db, newJournal().handle)
		must(t, db.Drain(ctx))
		stop()
		must(t, db.Notify(ctx, notice(1, 2, "waits")))
		count := func(table string, want int) {
			t.Helper()
			var n int
			must(t, db.Count(ctx, table, &n))
			if n != want {
				t.Errorf("%s: %d rows, want %d", table, n, want)
			}
		}
		must(t, db.Prune(ctx))
		count("deliveries", 1201)
		c.move(8 * 24 * time.Hour)
		must(t, db.Prune(ctx))
		for table, want := range map[string]int{"deliveries": 0, "notices": 1, "publications": 1, "pushers": 1, "mailboxes": 2} {
			count(table, want)
		}
		c.move(200 * 24 * time.Hour)
		must(t, db.Prune(ctx))
		for table, want := range map[string]int{"notices": 1, "publications": 0, "pushers": 0, "mailboxes": 1} {
			count(table, want)
		}
		start(t, db, newJournal().handle)
		must(t, db.Drain(ctx))
	})
}
