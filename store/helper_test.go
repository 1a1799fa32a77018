package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/agentplane/agentplane/store"
)

// patience is how long a test waits for what must happen; it never waits so
// long when all is well.
const patience = time.Minute

// quick makes retries take milliseconds.
func quick() store.Options {
	return store.Options{
		BackoffBase: time.Millisecond, BackoffMax: 20 * time.Millisecond,
		HandlerTimeout: 5 * time.Second, StopTimeout: 5 * time.Second,
	}
}

// backends are the databases that every conformance test runs on. url makes a
// fresh, empty database.
func backends() []backend {
	return []backend{
		{"sqlite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }},
		{"postgres", freshPostgres},
	}
}

type backend struct {
	name string
	url  func(t testing.TB) string
}

// onBoth runs a conformance test on both databases, side by side.
func onBoth(t *testing.T, test func(t *testing.T, b backend)) {
	t.Parallel()
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

func open(t testing.TB, url string, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url, o)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// start runs the handler until the test ends or stop is called.
func start(t testing.TB, db *store.DB, h store.Handler) (stop func()) {
	t.Helper()
	return startAll(t, db, store.Handlers{Notices: h})
}

func startAll(t testing.TB, db *store.DB, h store.Handlers) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx, h) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func await[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
		panic("unreachable")
	}
}

func notice(repo int64, pr int, reason string) store.Notice {
	return store.Notice{Repo: repo, PR: pr, Installation: 7, FullName: "octo/blog", Reason: reason}
}

func delivery(n int) store.Delivery {
	return store.Delivery{GUID: fmt.Sprintf("guid-%06d", n), Event: "push", Body: []byte(fmt.Sprint(n))}
}

// journal is a handler that remembers what it was given, and whether two calls
// for one key were ever at work at once.
type journal struct {
	mu       sync.Mutex
	seen     map[string]int // by reason
	runs     map[store.Key]int
	running  map[store.Key]bool
	overlaps int
	work     func(ctx context.Context, k store.Key, notices []store.Notice) error
}

func newJournal() *journal {
	return &journal{seen: map[string]int{}, runs: map[store.Key]int{}, running: map[store.Key]bool{}}
}

func (j *journal) handle(ctx context.Context, k store.Key, notices []store.Notice) error {
	j.mu.Lock()
	if j.running[k] {
		j.overlaps++
	}
	j.running[k] = true
	j.runs[k]++
	j.mu.Unlock()
	var err error
	if j.work != nil {
		err = j.work(ctx, k, notices)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running[k] = false
	if err == nil {
		for _, n := range notices {
			j.seen[n.Reason]++
		}
	}
	return err
}
