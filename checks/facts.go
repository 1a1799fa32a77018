package checks

import (
	"time"

	"github.com/agentplane/agentplane/ownership"
)

// Facts is everything Evaluate may know about one pull request, complete before judgement starts. A zero field means
// "not known", and what is not known never passes. The order of its slices is irrelevant.
type Facts struct {
	Repo    string // owner/name, for people
	PR      int    // 0 in a local clone without a pull request
	Default string // name of the default branch, which the contract is read from
	Base    Ref    // where the pull request would land; SHA is the tip that was judged against
	Head    Ref    // what would land
	Author  Account
	Pusher  Account // who pushed Head.SHA; zero when no push of it was seen

	// Local says that this is a developer's clone: author, pusher and other pull requests cannot be known there, so
	// the rules on identity are left to the App, and a notice says so.
	Local bool
	// Agent overrides the branch name. It is heard only with Local: in the App a branch restricts, and nothing else may.
	Agent string

	Contract ContractState
	Touched  *Touched // nil: could not be computed
	// Siblings are the other open pull requests of the same head repository and branch; SiblingsKnown says that they
	// were read.
	Siblings      []Sibling
	SiblingsKnown bool

	Draft   bool     // the pull request is not ready for review
	Stacked *Stack   // nil: it is not, or not known to be
	Offered *Offered // of an integration branch: what landed on it; nil: it is none, or nothing is known of it

	Body      string // of the pull request, where the notes are
	BodyKnown bool   // Body was read; an empty one holds no notes
	Labels    []string
	HeadSince time.Time // when the head was first seen at its commit; zero: not known
	HeadTree  string    // the head's tree; "" when not known

	CI           *CI           // nil: not asked
	Conversation *Conversation // nil: not read
	Surroundings *Surroundings // nil: not read
	Proposal     *Proposal     // nil: the contract is not changed
	Past         *Past         // nil: not read

	// ReadAt is when the facts were read. It decides only how long CI has been waited for.
	ReadAt time.Time
}

// FromFork reports whether the head branch lives in another repository than the base, in a deleted one, or in one
// that is not known. A fork's pull request is never an agent's.
func (f Facts) FromFork() bool {
	if f.Local {
		return false
	}
	return f.Head.Repo == 0 || f.Head.Repo != f.Base.Repo
}

// Ref is one side of a pull request.
type Ref struct {
	Repo int64  // numeric repository id, which survives renames; 0: deleted or not known
	Name string // branch, without refs/heads/; as the base of a local clone, the revision as git knows it there
	SHA  string // the commit that was judged
}

// Account is a GitHub account as the API answered just now.
type Account struct {
	ID    int64 // survives renames, and decides; 0: not known
	Login string
	Bot   bool
}

// Known reports whether the account was read.
func (a Account) Known() bool { return a.ID != 0 }

// ContractKind says what was found where the contract should be.
type ContractKind string

// What was found at the tip of the default branch. Only ContractFound, together with a parsed contract, lets anything
// pass.
const (
	ContractUnknown    ContractKind = ""           // not looked for
	ContractFound      ContractKind = "found"      // a regular file that parsed
	ContractMissing    ContractKind = "missing"    // no file of that name
	ContractInvalid    ContractKind = "invalid"    // a regular file that did not parse
	ContractIrregular  ContractKind = "irregular"  // a symlink, a submodule, a directory, or executable
	ContractTooLarge   ContractKind = "too-large"  // over ownership.MaxSize
	ContractUnreadable ContractKind = "unreadable" // the object could not be read
)

// ContractState says where the contract was read and what was found there.
type ContractState struct {
	Kind     ContractKind
	Commit   string                 // the commit of the default branch that it was read from
	Problems ownership.SyntaxErrors // of an invalid contract, all of them
	Mode     uint32                 // git mode of an irregular one
	Size     int64                  // bytes, of one that is too large
	Detail   string                 // why it is unreadable
}

// Touched is what a pull request touches: what would land, united with what its own commits changed.
type Touched struct {
	Bases     []string // every merge base of the base's tip and the head, sorted
	Changes   []Change
	Conflicts []string // paths on which the merge with the base conflicts; Landed is then unknown
	// Landed holds every path of the tree that would land, to find names that collide. It is nil where the merge
	// conflicts, and must not be nil elsewhere.
	Landed []string
	// Attributes maps a directory ("" for the root) to the text of its .gitattributes, as the base's tip has it, never
	// the head. Directories without changed paths below them may be left out; nil means that they were not read.
	Attributes map[string]string
	// Refused says that git would not or could not compute the changes. Whatever else is set is then incomplete.
	Refused *Refusal
}

// Change is one path whose entry differs. A rename is two changes.
type Change struct {
	Path    string // raw bytes, as git stores them
	OldMode uint32 // octal git mode; 0: absent before
	NewMode uint32 // octal git mode; 0: absent after
	OldID   string
	NewID   string
}

// Git modes that Evaluate tells apart.
const (
	modeFile    = 0o100644
	modeLink    = 0o120000
	modeGitlink = 0o160000
)

func (c Change) added() bool   { return c.OldMode == 0 }
func (c Change) removed() bool { return c.NewMode == 0 }

// RefusalKind is why no changes were computed.
type RefusalKind string

// Why git refused, by the names that package git uses. Any other kind counts as RefusedUnreadable.
const (
	RefusedTooManyPaths RefusalKind = "too-many-paths" // more changed paths than the limit
	RefusedTooLarge     RefusalKind = "too-large"      // a tree, blob, pack or file above its limit
	RefusedOutOfLimits  RefusalKind = "out-of-limits"  // more memory or time than git may have
	RefusedUnrelated    RefusalKind = "unrelated"      // head and base share no commit
	RefusedTooManyBases RefusalKind = "too-many-bases" // more merge bases than the limit
	RefusedShallow      RefusalKind = "shallow"        // the clone's history was cut off
	RefusedUnreadable   RefusalKind = "unreadable"     // an object is missing or corrupt
	RefusedBadObjects   RefusalKind = "bad-objects"    // objects that git's own checks reject
	RefusedBadPath      RefusalKind = "bad-path"       // a path over git's limits
)

// Refusal is git's reason, with its figures where there are some.
type Refusal struct {
	Kind   RefusalKind
	Path   string // the path in question, raw bytes, if there is one
	Detail string // one sentence without a full stop
	Fix    string // what to do next, as prose
	Count  int
	Limit  int
}

// Sibling is another open pull request of the same branch.
type Sibling struct {
	PR   int
	Base string // the branch it would land on
}
