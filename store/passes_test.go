package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/store"
)

func TestPassesOfAHeadAreReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db, ctx := open(t, b.url(t), quick()), within(t)
		for i, sha := range []string{"a", "b"} {
			must(t, db.PutHead(ctx, 1, branch, sha, minute(i)))
		}
		must(t, db.PutPasses(ctx, 1, branch, "a", []string{"check", "build", "check"}))
		must(t, db.PutPasses(ctx, 1, branch, "b", []string{"check"}))
		must(t, db.PutPasses(ctx, 1, branch, "b", nil))
		must(t, db.PutPasses(ctx, 1, branch, "no head of it", []string{"check"}))
		must(t, db.PutPasses(ctx, 2, branch, "a", []string{"other"}))
		got, err := db.Passes(ctx, 1, branch)
		must(t, err)
		want := []store.PassedCheck{{SHA: "a", Requirement: "build"}, {SHA: "a", Requirement: "check"}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		many := make([]string, 501)
		for i := range many {
			many[i] = fmt.Sprint(i)
		}
		for why, passed := range map[string][]string{"too many": many, "an empty name": {""}, "a NUL": {"a\x00"}} {
			if db.PutPasses(ctx, 1, branch, "a", passed) == nil {
				t.Errorf("%s: stored", why)
			}
		}
		must(t, db.ForgetRepository(ctx, 1))
		if got, err := db.Passes(ctx, 1, branch); err != nil || len(got) != 0 {
			t.Errorf("after forgetting the repository: %v, %v", got, err)
		}
	})
}

func TestRequestsAreRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db, ctx := open(t, b.url(t), quick()), within(t)
		key := store.Key{Repo: 1, PR: 2}
		for range 2 {
			must(t, db.PutRequested(ctx, key, "@octo/platform"))
		}
		must(t, db.PutRequested(ctx, store.Key{Repo: 1, PR: 3}, "@ana"))
		got, err := db.Requested(ctx, key)
		must(t, err)
		if d := cmp.Diff(map[string]bool{"@octo/platform": true}, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		if db.PutRequested(ctx, key, "") == nil {
			t.Error("a request without a reviewer was stored")
		}
	})
}

func TestAPushFindsThePullRequestsItConcerns(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db, ctx := open(t, b.url(t), quick()), within(t)
		for _, p := range []store.Pull{
			{Repo: 1, Number: 1, SHA: "a", Base: "main", Head: "agent/x"},
			{Repo: 1, Number: 2, SHA: "b", Base: "next", Head: "agent/y"},
			{Repo: 1, Number: 3, SHA: "c", Base: "main"}, // from a fork
			{Repo: 2, Number: 4, SHA: "d", Base: "main", Head: "agent/x"},
		} {
			if _, err := db.PutPull(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.PutPull(ctx, store.Pull{Repo: 1, Number: 2, SHA: "b", Base: "main", Head: "agent/y"}); err != nil {
			t.Fatal(err) // retargeted
		}
		for branch, want := range map[string][]int{"main": {1, 2, 3}, "agent/x": {1}, "next": nil, "": nil} {
			if got, err := db.PullsOn(ctx, 1, branch); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("%q concerns %v, want %v (%v)", branch, got, want, err)
			}
		}
	})
}
