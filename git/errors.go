package git

import (
	"fmt"
	"strings"
)

// RefusedKind names why a pull request was refused. The values are stable.
type RefusedKind string

// The reasons to refuse.
const (
	TooManyPaths RefusedKind = "too-many-paths" // more changed paths than Limits.Paths
	TooManyBases RefusedKind = "too-many-bases" // more merge bases than Limits.Bases
	TooLarge     RefusedKind = "too-large"      // a tree, blob, pack or file above its limit
	Unrelated    RefusedKind = "unrelated"      // no common ancestor with the target
	Shallow      RefusedKind = "shallow"        // the clone's history was cut off
	Unreadable   RefusedKind = "unreadable"     // an object is missing or corrupt
	BadObjects   RefusedKind = "bad-objects"    // objects git's own checks reject, such as an entry ".."
	BadPath      RefusedKind = "bad-path"       // a path longer than 4,096 bytes or deeper than 255
	OutOfLimits  RefusedKind = "out-of-limits"  // git needed more memory or processor time than it may have
)

// RefusedError says that commits cannot be judged because of what they are.
// It is the pull request's fault: it fails, and trying again changes nothing.
type RefusedError struct {
	Kind   RefusedKind
	Ref    string // the reference that was being fetched, if any
	Path   string // the path in question, raw bytes, if there is one
	Detail string // what happened, one sentence without a full stop
	Fix    string // what to do next
	Count  int    // what was counted; at least Limit+1 where counting stopped
	Limit  int    // what is allowed
}

// Error says what was refused, why, and what to do.
func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Ref != "" {
		fmt.Fprintf(&b, " in %q", e.Ref)
	}
	if e.Path != "" {
		fmt.Fprintf(&b, " at %q", e.Path)
	}
	b.WriteString(": " + e.Detail)
	if e.Limit > 0 {
		fmt.Fprintf(&b, " (%d, limit %d)", e.Count, e.Limit)
	}
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// RemoteKind tells apart what a remote said.
type RemoteKind string

// What a remote can say instead of serving.
const (
	Auth        RemoteKind = "auth"        // 401 or 403: the token is not accepted, or may not do this
	NotFound    RemoteKind = "not-found"   // 404: no such repository, or it is hidden from this token
	Moved       RemoteKind = "moved"       // a redirect, which is never followed: ask the API for the new URL
	Unavailable RemoteKind = "unavailable" // 429, 5xx, connection and time-out errors: try again later
)

// RemoteError says that the remote did not serve. It says nothing about the
// pull request.
type RemoteError struct {
	Kind   RemoteKind
	Status int // HTTP status, 0 if there was none
	Op     string
	Detail string // what git said, without credentials
}

// Error names the operation, the kind and what git said.
func (e *RemoteError) Error() string {
	s := e.Op + ": remote " + string(e.Kind)
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return s + ": " + e.Detail
}

// MissingRefError says that the remote has no such reference.
type MissingRefError struct{ Ref string }

// Error names the reference.
func (e *MissingRefError) Error() string {
	return fmt.Sprintf("reference %q does not exist on the remote", e.Ref)
}

// NotFoundError says that a commit's tree has no such path, or that a
// revision names nothing.
type NotFoundError struct{ Rev, Path string }

// Error names what was looked for.
func (e *NotFoundError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("revision %q names no commit here", e.Rev)
	}
	return fmt.Sprintf("path %q does not exist in %s", e.Path, e.Rev)
}

// ConflictError says that two commits do not merge.
type ConflictError struct {
	Onto, Head string
	Paths      []string // raw bytes, sorted; may be empty where git named none

	// What the head conflicts with, where a candidate was built: with the commit
	// that it was built on (Base), and with which of the changes below, by
	// position. When both are empty, nobody knows.
	Base bool
	With []int
}

// Error counts the paths and names the first.
func (e *ConflictError) Error() string {
	s := fmt.Sprintf("merge %s into %s: conflict in %d paths", e.Head, e.Onto, len(e.Paths))
	if len(e.Paths) > 0 {
		s += fmt.Sprintf(", first %q", e.Paths[0])
	}
	return s
}

// MovedError says that a reference was not where Push expected it, and was
// left alone. Actual is what was read back; "" means it does not exist. It
// equals the commit to be pushed where an earlier attempt had succeeded.
type MovedError struct{ Ref, Expected, Actual string }

// Error names both ids.
func (e *MovedError) Error() string {
	return fmt.Sprintf("push %q: expected %s, found %s", e.Ref, orAbsent(e.Expected), orAbsent(e.Actual))
}

func orAbsent(id string) string {
	if id == "" {
		return "no such reference"
	}
	return id
}

// RejectedError says that the remote declined a push for a reason of its own,
// such as a branch rule. The reference is still where it was expected.
type RejectedError struct{ Ref, Reason string }

// Error names the reference and the remote's reason.
func (e *RejectedError) Error() string {
	return fmt.Sprintf("push %q: the remote declined: %s", e.Ref, e.Reason)
}
