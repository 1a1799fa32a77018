package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/store"
)

const branch = "refs/heads/agent/search"

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// shas are the heads in order.
func shas(heads []store.Head) string {
	var all []string
	for _, h := range heads {
		all = append(all, h.SHA)
	}
	return strings.Join(all, " ")
}

func TestHeadsAreInTheOrderTheyWereJudged(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		for i, step := range []struct{ put, want, why string }{
			{"a", "a", "the first"},
			{"a", "a", "directly again counts once"},
			{"b", "b a", "a push"},
			{"c", "c b a", "another"},
			{"a", "a c b", "a force-push back makes it the newest again"},
			{"c", "c a b", "and back"},
		} {
			must(t, db.PutHead(ctx, 1, branch, step.put, minute(i)))
			heads, _, err := db.Past(ctx, 1, branch)
			must(t, err)
			if got := shas(heads); got != step.want {
				t.Errorf("%s: %q, want %q", step.why, got, step.want)
			}
		}
		heads, _, err := db.Past(ctx, 1, branch)
		must(t, err)
		want := []store.Head{{SHA: "c", FirstAt: minute(3), LastAt: minute(5)}, {SHA: "a", FirstAt: minute(0), LastAt: minute(4)}, {SHA: "b", FirstAt: minute(2), LastAt: minute(2)}}
		if diff := cmp.Diff(want, heads); diff != "" {
			t.Error(diff)
		}
		for sha, want := range map[string]time.Time{"a": minute(0), "c": minute(3), "d": {}, "": {}} {
			at, known, err := db.HeadSince(ctx, 1, branch, sha)
			if err != nil || known == want.IsZero() || !at.Equal(want) {
				t.Errorf("%q since %v, %v, %v", sha, at, known, err)
			}
		}
		for _, other := range []struct {
			repo int64
			ref  string
		}{{2, branch}, {1, branch + "2"}, {1, "refs/heads/Agent/search"}, {1, ""}, {1, "\x00"}} {
			if heads, failed, err := db.Past(ctx, other.repo, other.ref); err != nil || len(heads)+len(failed) > 0 {
				t.Errorf("%v has a past: %v %v %v", other, heads, failed, err)
			}
		}
	})
}

func TestThePastIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		for i := range 60 {
			sha := fmt.Sprintf("%02d", i)
			must(t, db.PutHead(ctx, 1, branch, sha, minute(i)))
			must(t, db.PutFailures(ctx, 1, branch, sha, []store.FailedCheck{{Requirement: "check", Signature: "s", PR: 1, At: minute(i)}}))
		}
		heads, failed, err := db.Past(ctx, 1, branch)
		must(t, err)
		if len(heads) != 50 || len(failed) != 50 || heads[0].SHA != "59" || failed[0].SHA != "59" || failed[49].SHA != "10" {
			t.Errorf("%d heads, %d failures, from %+v", len(heads), len(failed), failed)
		}
		many := make([]store.FailedCheck, 501)
		for i := range many {
			many[i] = store.FailedCheck{Requirement: "r", Signature: fmt.Sprint(i)}
		}
		if err := db.PutFailures(ctx, 1, branch, "59", many); err == nil {
			t.Error("501 failures of one head")
		}
	})
}

// TestPushesDoNotWashThePastAway: nothing is decided on the heads that an agent pushes to have its failures forgotten.
func TestPushesDoNotWashThePastAway(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		for i := range 100 {
			sha := fmt.Sprintf("%03d", i)
			must(t, db.PutHead(ctx, 1, branch, sha, minute(i)))
			switch {
			case i < 3:
				must(t, db.PutFailures(ctx, 1, branch, sha, []store.FailedCheck{{Requirement: "check", Signature: "s", PR: 1, At: minute(i)}}))
			case i == 3:
				must(t, db.PutPasses(ctx, 1, branch, sha, []string{"build"}))
			}
		}
		heads, failed, err := db.Past(ctx, 1, branch)
		must(t, err)
		passed, err := db.Passes(ctx, 1, branch)
		must(t, err)
		if len(heads) != 54 || heads[53].SHA != "000" || len(failed) != 3 || failed[0].SHA != "002" || len(passed) != 1 {
			t.Errorf("%d heads, %+v, %+v", len(heads), failed, passed)
		}
	})
}

func TestFailuresOfAHeadAreReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		failure := func(sha, requirement, signature string, pr, at int) store.FailedCheck {
			return store.FailedCheck{SHA: sha, Requirement: requirement, Signature: signature, PR: pr, URL: fmt.Sprint("https://example.com/", pr), At: minute(at)}
		}
		must(t, db.PutHead(ctx, 1, branch, "a", minute(0)))
		must(t, db.PutHead(ctx, 1, branch, "b", minute(1)))
		must(t, db.PutFailures(ctx, 1, branch, "a", []store.FailedCheck{failure("ignored", "check", "s1", 1, 2), failure("", "build", "s2", 1, 2)}))
		must(t, db.PutFailures(ctx, 1, branch, "b", []store.FailedCheck{failure("", "check", "s1", 1, 3)}))
		must(t, db.PutFailures(ctx, 1, "refs/heads/x", "a", []store.FailedCheck{failure("", "check", "other branch", 1, 3)}))
		must(t, db.PutFailures(ctx, 2, branch, "a", []store.FailedCheck{failure("", "check", "other repository", 1, 3)}))
		// Read again at a, by a new pull request: build passes, check fails twice.
		must(t, db.PutFailures(ctx, 1, branch, "a", []store.FailedCheck{failure("", "check", "s3", 2, 9), failure("", "check", "s1", 2, 9), failure("", "check", "s1", 2, 9)}))
		_, failed, err := db.Past(ctx, 1, branch)
		must(t, err)
		want := []store.FailedCheck{failure("b", "check", "s1", 1, 3), failure("a", "check", "s1", 2, 2), failure("a", "check", "s3", 2, 9)}
		if diff := cmp.Diff(want, failed); diff != "" {
			t.Error(diff)
		}
		must(t, db.PutFailures(ctx, 1, branch, "a", nil))
		if _, failed, err = db.Past(ctx, 1, branch); err != nil || len(failed) != 1 {
			t.Errorf("after a passes: %v %v", failed, err)
		}
	})
}

// TestWhatCannotBeFoundAgainIsRefused: cutting a key would make two of one.
func TestWhatCannotBeFoundAgainIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		ctx := within(t)
		k := store.Key{Repo: 1, PR: 1}
		good := store.Approval{Source: "review 1", Subject: "lockfiles", Contents: "d", Contract: "c", At: time.Now()}
		bad := good
		for why, text := range map[string]string{"empty": "", "NUL": "a\x00", "broken": "\xff", "long": strings.Repeat("x", 1025)} {
			bad.Subject = text
			for what, err := range map[string]error{
				"a branch":      db.PutHead(ctx, 1, text, "a", noon),
				"a head":        db.PutHead(ctx, 1, branch, text, noon),
				"a requirement": db.PutFailures(ctx, 1, branch, "a", []store.FailedCheck{{Requirement: text, Signature: "s"}}),
				"a signature":   db.PutFailures(ctx, 1, branch, "a", []store.FailedCheck{{Requirement: "r", Signature: text}}),
				"a subject":     db.RecordApprovals(ctx, 1, 1, []store.Approval{good, bad}),
				"a source":      db.RecordInterventions(ctx, 1, []store.Intervention{{Source: text, Kind: "k"}}),
			} {
				var refused *store.UnstorableError
				if !errors.As(err, &refused) || refused.Text != text {
					t.Errorf("%s as %s: %v", why, what, err)
				}
			}
			var refused *store.UnstorableError
			if _, err := db.SeenComment(ctx, k, store.Comment{ID: 1, Head: text, Written: time.Now()}); !errors.As(err, &refused) {
				t.Errorf("%s as a comment's head: %v", why, err)
			}
			if _, err := db.Pushers(ctx, 1, text); !errors.As(err, &refused) {
				t.Errorf("%s as a branch with pushers: %v", why, err)
			}
		}
		if all, err := db.Approvals(ctx, 1, 1); err != nil || len(all) > 0 {
			t.Errorf("a part of a refused call was stored: %v %v", all, err)
		}
	})
}
