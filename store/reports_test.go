package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/agentplane/agentplane/store"
)

func TestReportsAreKept(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		clock, o := withClock()
		db := open(t, b.url(t), o)
		k := store.Key{Repo: 7, PR: 3}
		read := func(k store.Key, sha string) string {
			t.Helper()
			report, known, err := db.Report(within(t), k, sha)
			must(t, err)
			if known != (len(report) > 0) {
				t.Errorf("known %v of %q", known, report)
			}
			return string(report)
		}
		must(t, db.PutReport(within(t), k, "abc", []byte("one")))
		must(t, db.PutReport(within(t), k, "abc", []byte("two")))
		must(t, db.PutReport(within(t), k, "def", []byte("three")))
		if got := read(k, "abc") + " " + read(k, "def"); got != "two three" {
			t.Errorf("read %q", got)
		}
		for _, absent := range []string{read(store.Key{Repo: 7, PR: 4}, "abc"), read(store.Key{Repo: 8, PR: 3}, "abc"), read(k, "x"), read(k, "")} {
			if absent != "" {
				t.Errorf("another head's report: %q", absent)
			}
		}
		if err := db.PutReport(within(t), k, "abc", []byte(strings.Repeat("x", 1<<20+1))); err == nil || read(k, "abc") != "two" {
			t.Errorf("a report that is too long: %v, %q", err, read(k, "abc"))
		}
		clock.move(401 * 24 * time.Hour)
		must(t, db.Prune(within(t)))
		if got := read(k, "abc"); got != "" {
			t.Errorf("after its retention there is %q", got)
		}
		must(t, db.PutReport(within(t), k, "abc", []byte("one")))
		must(t, db.ForgetRepository(within(t), 7))
		if got := read(k, "abc"); got != "" {
			t.Errorf("of a forgotten repository there is %q", got)
		}
	})
}
