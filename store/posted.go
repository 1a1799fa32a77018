package store

import (
	"context"
	"fmt"
	"time"
)

// CommentPosted is a comment of the App's own on a pull request. The zero value
// is none.
type CommentPosted struct {
	ID     int64  // GitHub's
	Digest string // of what it says
	At     time.Time
}

// IntendComment writes down, before a comment is written on the pull request
// k, that the handler whose context ctx is is about to: a crash in between is
// then known as IntentUnconfirmed. The name tells the pull request's comments
// apart, such as "queue" or "answer 17". What is returned is what was stored
// before.
//
// A pull request's own handler and those of lanes' effects can mean the same
// comment. IntentBusy keeps the second from writing it too while the first
// does; it ends with the first one's handler, however that ends. What runs in no
// handler counts as the pull request's own.
//
// A comment that has said the same for Options.RetainRecords is forgotten, and
// then fresh: look for it on GitHub where a second one would do harm.
func (db *DB) IntendComment(ctx context.Context, k Key, name string) (CommentPosted, Intent, error) {
	t, err := posted(k, name)
	var known confirmed
	var intent Intent
	if err == nil {
		by := k.PR
		if box, ok := ctx.Value(handling{}).(Key); ok && box.Repo == k.Repo {
			by = box.PR
		}
		known, intent, err = db.intend(ctx, t, by)
	}
	if err != nil {
		return CommentPosted{}, 0, fmt.Errorf("note the intent to comment %q on %d/%d: %w", name, k.Repo, k.PR, err)
	}
	return CommentPosted{ID: known.id, Digest: known.digest, At: known.at}, intent, nil
}

// PutCommentPosted writes down what GitHub confirmed: the comment's id, and
// what it now says.
func (db *DB) PutCommentPosted(ctx context.Context, k Key, name string, c CommentPosted) error {
	t, err := posted(k, name)
	if err == nil {
		err = db.confirm(ctx, t, confirmed{id: c.ID, digest: c.Digest})
	}
	if err != nil {
		return fmt.Errorf("put comment %q of %d/%d: %w", name, k.Repo, k.PR, err)
	}
	return nil
}

// ForgetCommentPosted removes what is known of a comment, for instance when
// GitHub says that it was deleted.
func (db *DB) ForgetCommentPosted(ctx context.Context, k Key, name string) error {
	t, err := posted(k, name)
	if err == nil {
		err = db.unknow(ctx, t)
	}
	if err != nil {
		return fmt.Errorf("forget comment %q of %d/%d: %w", name, k.Repo, k.PR, err)
	}
	return nil
}

func posted(k Key, name string) (thing, error) {
	return thing{table: "posted_comments", of: "pr", id: "comment", repo: k.Repo, on: k.PR, name: name}, storable("name", name)
}

// handling is under which a handler's context holds its mailbox's Key.
type handling struct{}
