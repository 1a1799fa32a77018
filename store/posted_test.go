package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

func TestPostedComments(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		_, o := withClock()
		db := open(t, b.url(t), o)
		ctx, k := within(t), store.Key{Repo: 1, PR: 4}
		intend := func(name string, want store.Intent) store.CommentPosted {
			t.Helper()
			got, intent, err := db.IntendComment(ctx, k, name)
			must(t, err)
			if intent != want {
				t.Errorf("%s: %v, want %v", name, intent, want)
			}
			return got
		}
		intend("queue", store.IntentFresh)
		intend("answer 7", store.IntentFresh)
		intend("queue", store.IntentUnconfirmed) // it crashed before it could say how it ended
		if err := db.PutCommentPosted(ctx, k, "queue", store.CommentPosted{Digest: "d1"}); err == nil {
			t.Error("confirmed without an id")
		}
		must(t, db.PutCommentPosted(ctx, k, "queue", store.CommentPosted{ID: 99, Digest: "d1"}))
		if d := cmp.Diff(store.CommentPosted{ID: 99, Digest: "d1", At: noon}, intend("queue", store.IntentDone)); d != "" {
			t.Error(d)
		}
		must(t, db.PutCommentPosted(ctx, k, "queue", store.CommentPosted{ID: 99, Digest: "d2"}))
		if got := intend("queue", store.IntentDone); got.Digest != "d2" {
			t.Errorf("after it was changed: %+v", got)
		}
		for _, other := range []store.Key{{Repo: 1, PR: 5}, {Repo: 2, PR: 4}} {
			if _, intent, err := db.IntendComment(ctx, other, "queue"); err != nil || intent != store.IntentFresh {
				t.Errorf("%v shares the comment: %v, %v", other, intent, err)
			}
		}
		must(t, db.ForgetCommentPosted(ctx, k, "queue"))
		intend("queue", store.IntentFresh)
		intend("answer 7", store.IntentUnconfirmed)
		for _, name := range []string{"", "a\x00", "\xff"} {
			_, _, err := db.IntendComment(ctx, k, name)
			var refused *store.UnstorableError
			for what, err := range map[string]error{
				"intended": err, "put": db.PutCommentPosted(ctx, k, name, store.CommentPosted{ID: 1}), "forgotten": db.ForgetCommentPosted(ctx, k, name),
			} {
				if !errors.As(err, &refused) {
					t.Errorf("a comment named %q was %s: %v", name, what, err)
				}
			}
		}
	})
}

// TestTwoHandlersDoNotCommentAtOnce: a pull request's own handler, and the one
// that carries out an effect of its lane, mean the same comment.
func TestTwoHandlersDoNotCommentAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		k := store.Key{Repo: blog.Repo, PR: 4}
		first, second := make(chan struct{}), make(chan struct{})
		got := make(chan store.Intent, 100)
		startAll(t, db, store.Handlers{
			Notices: func(ctx context.Context, _ store.Key, _ []store.Notice) error {
				_, intent, err := db.IntendComment(ctx, k, "queue")
				got <- intent
				close(first)
				<-second
				return errors.Join(err, db.PutCommentPosted(ctx, k, "queue", store.CommentPosted{ID: 9}))
			},
			Effects: func(ctx context.Context, _ store.LaneID, e queue.Effect) (queue.Event, error) {
				if _, is := e.(queue.Tell); !is {
					return carried(e), nil
				}
				<-first
				_, intent, err := db.IntendComment(ctx, k, "queue")
				got <- intent
				if intent == store.IntentBusy {
					err = errors.New("come back later")
				}
				return nil, err
			},
		})
		must(t, db.Notify(within(t), notice(k.Repo, k.PR, "a")))
		step(t, db, blog, append(opening(), enter(4)[0])...)
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
