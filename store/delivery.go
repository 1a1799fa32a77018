package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// Delivery is one webhook as it was accepted. GUID is GitHub's X-GitHub-Delivery;
// it is not signed, so a repeated one never suppresses work.
type Delivery struct {
	GUID, Event string
	Body        []byte // only its SHA-256 and its size are kept
	ReceivedAt  time.Time
}

// Notice says what to look at again. It is a hint, never a fact.
type Notice struct {
	Repo         int64     // GitHub's numeric id
	Installation int64     // of the App, on the repository's account
	FullName     string    // "owner/name" at that time
	PR           int       // 0: look at the whole repository
	Reason       string    // for logs: "pull_request.synchronize", "sweep"
	Ref, SHA     string    // the branch and commit it is about, if any
	Comment      int64     // the comment's id, if it is about one
	Delivery     string    // GUID of the delivery it was read from; set by Receive
	At           time.Time // when it was stored; set when it is handed to a Handler
}

// Key is the mailbox a notice goes to.
type Key struct {
	Repo int64 `json:"repo"`
	PR   int   `json:"pr"`
}

// Push says who put a commit on a ref, as a signed push event told.
type Push struct {
	Repo   int64
	Ref    string // in full: refs/heads/main
	SHA    string
	UserID int64
	Login  string
	At     time.Time // default: when the delivery was received
}

// Longest texts that are stored, in bytes. The App never sends longer ones.
const (
	maxName = 256
	maxText = 1 << 10
	maxBody = 4 << 10 // of an error
)

// clean makes hostile text storable: PostgreSQL takes neither NUL nor broken
// UTF-8, and nothing may grow without bound.
func clean(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// cleaned is the notice as it is stored. A number that no pull request has means
// the whole repository: negative ones name the lines of lanes.
func (n Notice) cleaned() Notice {
	n.PR = max(n.PR, 0)
	n.FullName, n.Delivery = clean(n.FullName, maxName), clean(n.Delivery, maxName)
	n.Reason, n.Ref, n.SHA = clean(n.Reason, maxText), clean(n.Ref, maxText), clean(n.SHA, maxName)
	return n
}

// storable tells whether the push can be looked up again under exactly its
// names. One that cannot is not recorded: its pusher stays unknown, which
// never passes.
func (p Push) storable() bool {
	return p.Ref != "" && p.SHA != "" && clean(p.Ref, maxText) == p.Ref && clean(p.SHA, maxName) == p.SHA
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
