package checks

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agentplane/agentplane/ownership"
)

// judgePaths judges every changed path: its name, its owner, its classes, its interfaces.
func (j *judge) judgePaths() {
	j.ruler, j.marked = j.contract.Ruler(), j.generated()
	for i, c := range j.changes {
		ruling := j.ruler.Rule(j.agent, c.Path)
		if i == 0 || j.changes[i-1].Path != c.Path {
			j.name(c)
			j.ownership(c, ruling)
			j.interfaces(c, ruling)
			j.classes(c, ruling)
		}
		j.links(c)
		j.generatedFile(c, ruling, j.marked(c.Path))
	}
	j.judgeInterfaces()
	for _, a := range j.asks {
		j.needApproval(a)
	}
}

// ownership files what the agent may not touch. Where classes decide, it is they that speak; a path that could not be
// judged stops everyone, because it may be in any class.
func (j *judge) ownership(c Change, r ownership.Ruling) {
	if r.Kind == ownership.Unjudged {
		j.add(Finding{
			Rule: RuleUnreadable, Path: c.Path, Contract: "built-in", Fix: j.restore(c),
			Message: fmt.Sprintf("%s could not be judged: %s", code(c.Path), code(r.Reason)),
		})
		return
	}
	if r.Kind == ownership.Classed {
		j.classed++
	}
	if j.agent == nil || r.Allowed() || r.Kind == ownership.Classed {
		return
	}
	path, agent := code(c.Path), code(j.agent.Name)
	f := Finding{Rule: RuleOutside, Path: c.Path, Owner: r.Owner, Contract: at(j.agent.Line), Fix: j.restore(c)}
	if r.By != nil {
		f.Contract = at(r.By.Line)
	}
	switch r.Kind {
	case ownership.Never:
		f.Rule = RuleNever
		f.Message = fmt.Sprintf("%s may never touch %s", agent, path)
	case ownership.Overlap:
		f.Rule, f.Fix = RuleOverlap, "A person narrows one of the claims, or lists the path under shared."
		f.Message = fmt.Sprintf("%s is owned by %s, and is not shared", path, codes(r.Owners))
	case ownership.OwnedByOther:
		f.Message = fmt.Sprintf("%s belongs to %s, not to %s", path, codes(r.Owners), agent)
	default:
		f.Message = fmt.Sprintf("%s is not among the paths of %s, and no agent owns it", path, agent)
	}
	if e := j.expanded(c.Path); e != nil && f.Rule == RuleOutside {
		f = j.expandedFinding(f, e)
		j.widened++
	}
	j.add(f)
}

// restore is what brings a path back to what the base has: a command where that is safe, else a sentence.
func (j *judge) restore(c Change) string {
	if command := restoreCommand(j.baseRevision(), c); command != "" {
		return command
	}
	if c.added() {
		return "Remove this path from the branch; its name is not safe to print in a command."
	}
	return "Restore this path as the base has it; its name is not safe to print in a command."
}

// longestPath is the most bytes of a path that common systems open (PATH_MAX on Linux).
const longestPath = 4096

// name files a path that not every system can represent. Where the change removes it, that is the cure.
func (j *judge) name(c Change) {
	fault := nameFault(c.Path)
	if fault == "" {
		return
	}
	f := Finding{
		Rule: RulePath, Path: c.Path, Contract: "built-in", Message: fmt.Sprintf("The name %s %s", code(c.Path), fault),
		Fix: "Rename it to printable characters that every system can store.",
	}
	if c.removed() {
		f.Level, f.Verdict, f.Fix = Warning, Success, ""
	}
	j.add(f)
}

func nameFault(path string) string {
	switch {
	case !utf8.ValidString(path):
		return "is not valid UTF-8"
	case len(path) > longestPath:
		return fmt.Sprintf("has %d bytes; %d are allowed", len(path), longestPath)
	case visible(path) != path:
		return "has control, bidirectional or invisible characters"
	}
	for segment := range strings.SplitSeq(path, "/") {
		if fault := segmentFault(segment); fault != "" {
			return fault
		}
	}
	return ""
}

// segmentFault knows what Windows drops at the end of a name, and the spellings that some file systems take for .git
// (git's own core.protectNTFS and core.protectHFS).
func segmentFault(segment string) string {
	switch {
	case segment == "":
		return "has an empty segment"
	case segment == "." || segment == "..":
		return "has a segment that is not a name"
	case strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, " "):
		return "has a segment that ends in a dot or a space"
	}
	for part := range strings.SplitSeq(segment, `\`) {
		part, _, _ = strings.Cut(part, ":")
		switch ownership.Fold(strings.TrimRight(part, ". ")) {
		case ".git", "git~1":
			return "has a segment that some systems take for .git"
		}
	}
	return ""
}

// twins files names that are one on some systems. Every spelling of a changed path and of the folders above it is
// looked for in the tree that would land.
func (j *judge) twins() {
	touched := j.facts.Touched
	if len(touched.Conflicts) > 0 || j.allRemoved() {
		return // nothing would land, or no name that was not there before
	}
	if touched.Landed == nil {
		j.unreadable("The tree that would land could not be listed")
		return
	}
	s := newSpellings(j.changes)
	for _, path := range touched.Landed {
		s.see(path)
	}
	for _, c := range j.changes {
		if c.removed() {
			continue
		}
		if t := s.twinOf(c.Path); t.other != "" {
			j.add(t.finding(c.Path))
		}
	}
}

func (j *judge) allRemoved() bool {
	return !slices.ContainsFunc(j.changes, func(c Change) bool { return !c.removed() })
}
