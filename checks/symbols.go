package checks

// Definition is a name that a file defines, as Universal Ctags lists it.
type Definition struct {
	Name      string
	Kind      string // function, interface, property, …; "field" for a name found by its text
	Scope     string // what it stands in, or ""
	Signature string // parameters or type, or ""
	Line      int
}

// Symbols are the definitions of a changed path of an interface, before and after.
type Symbols struct {
	Path     string
	Old, New []Definition
	Refused  string // why the definitions are not known; then Old and New say nothing
	// OldText and NewText are the file's contents, "" where it is absent or no text.
	OldText, NewText string
}

// Use is a place that mentions a name.
type Use struct {
	Name string
	Path string
	Line int
	Text string // the line
}

// Neighbor is another pull request of the repository, as far as it matters here: an open one, or one that landed on this
// pull request's base after this branch had left it. Without the landed ones a name that is gone would be forgotten as
// soon as the pull request that took it away is merged, and whoever still uses it would pass.
type Neighbor struct {
	PR     int // 0: everything that landed on the base since this branch left it, together
	Agent  string
	Branch string
	Head   string
	Landed bool // it is merged
	// Changes are the interfaces it changes, with the names that are lost or changed in each.
	Changes []InterfaceChange
	// Uses are the places, in the paths it touches, that mention a name which this pull request takes away.
	Uses []Use
}

// InterfaceChange is what a pull request does to one interface.
type InterfaceChange struct {
	Interface string
	Paths     []string
	Lost      []Lost
}

// Lost is a name that those who build against an interface can no longer rely on.
type Lost struct {
	Name string
	Path string
	Kind string
	How  string // removed, renamed, changed
	Now  string // the new name or signature, or ""
	Was  string // the old signature, or ""
	Line int    // in the old file
}

// Surroundings are what others do to the same interfaces. Nil in Facts: they were not read, and a changed interface then
// says so.
type Surroundings struct {
	Symbols   []Symbols // of this pull request's changed interface paths
	Uses      []Use     // in the interfaces' consumers, as the base has them, of names that this pull request takes away
	Neighbors []Neighbor
	// Mine are the places, in the paths that this pull request touches, that mention a name which a neighbor takes away.
	Mine []Use
	// Incomplete says what could not be looked at, as one sentence; "" when everything was.
	Incomplete string
}
