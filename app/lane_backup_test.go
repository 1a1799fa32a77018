package app_test

import (
	"os"
	"strings"
	"testing"
)

// TestARestoredBackupFreezesUntilAPersonHasLooked: the lane landed something that the older database does not know.
func TestARestoredBackupFreezesUntilAPersonHasLooked(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	two := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.integrate(one)
	q.stop()
	backup := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(q.config.Database + suffix)
		if err == nil {
			backup[suffix] = text
		} else if !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	q.restart(true)
	q.integrate(two)
	if two.State() != "merged" {
		t.Fatalf("it is %s: %s", two.State(), q.lane(two))
	}
	q.stop()
	for _, suffix := range []string{"-wal", "-shm"} {
		q.must(os.RemoveAll(q.config.Database + suffix))
	}
	for suffix, text := range backup {
		q.must(os.WriteFile(q.config.Database+suffix, text, 0o600))
	}
	q.restart(true)
	q.must(q.app.Sweep(t.Context()))
	q.settle()
	three := q.propose("review", map[string]string{"tests/b": "b\n"})
	q.settle()
	q.integrate(three)
	if got := q.comments(three); three.State() != "open" || !strings.Contains(got, "frozen") {
		t.Fatalf("it is %s: %s\n%s", three.State(), q.lane(three), got)
	}
	three.Comment(q.ana, "/integrate resume")
	q.settle()
	if three.State() != "merged" || q.file("integration/next", "src/pages/b") == "" {
		t.Errorf("resumed, it is %s: %s\n%s", three.State(), q.lane(three), q.comments(three))
	}
	q.invariants()
}
