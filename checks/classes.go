package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// classes files the classes whose patterns match a path. The class of generated files has a judgement of its own.
func (j *judge) classes(c Change, r ownership.Ruling) {
	for _, class := range r.Classes {
		if class.Name != ownership.ClassGenerated {
			j.class(c, class, classLine(class, r), fmt.Sprintf("%s is in the class %s", code(c.Path), code(class.Name))+ofOwner(r))
		}
	}
}

// ofOwner reminds those who approve that another agent owns the path.
func ofOwner(r ownership.Ruling) string {
	if r.Owner == "" {
		return ""
	}
	return ", and belongs to " + code(r.Owner)
}

// binds reports whether a class binds the author of this pull request; see Evaluate.
func (j *judge) binds(class *ownership.Class) bool {
	return j.kind != byPerson || class.Deny || class.Name == ownership.ClassContract
}

// class files a change of a class that binds the author. A denied class is an error that nobody can approve.
func (j *judge) class(c Change, class *ownership.Class, line int, why string) {
	if !j.binds(class) {
		return
	}
	f := Finding{Rule: ClassRule(class.Name), Path: c.Path, Contract: at(line)}
	if class.Deny {
		f.Level, f.Verdict, f.Who, f.Fix = Error, Failure, j.writer(), j.restore(c)
		f.Message = why + ", which nobody may change"
		if class.Name == ownership.ClassSecrets && !c.removed() {
			f.Message += "; what was pushed stays in the history, so a secret in it must be replaced"
		}
		j.add(f)
		return
	}
	f.Message = why + "; " + approvalText(class.By)
	f.Fix = approvalFix(class.By, class.Name, j.restore(c))
	j.ask(j.classQuestion(class), f)
}

// writer is the party that wrote the pull request.
func (j *judge) writer() Who {
	if j.kind == byPerson {
		return Person
	}
	return Agent
}

// classLine is the line that put the path into the class, or that set up the class, or 0 for a built-in.
func classLine(class *ownership.Class, r ownership.Ruling) int {
	for _, h := range r.Hits {
		if h.Class == class && h.Claim != nil && h.Claim.Line > 0 {
			return h.Claim.Line
		}
	}
	return class.Line
}

// approvalText says who must approve.
func approvalText(by []string) string {
	if len(by) == 0 {
		return "a person with write access who is no agent must approve"
	}
	return "one of " + codes(by) + " must approve"
}

// approvalFix offers the way back, too.
func approvalFix(by []string, name, restore string) string {
	who := "a person with write access"
	if len(by) > 0 {
		who = "one of " + codes(by)
	}
	fix := "Ask " + who + " for an approving review, or for the comment " + code("/approve "+name) + "."
	if isCommand(restore) {
		fix += " Or take the change back: " + code(restore)
	}
	return fix
}

// classNamed returns the contract's class of that name, or, for a built-in one that a contract lacks, one without
// approvers.
func (j *judge) classNamed(name string) *ownership.Class {
	if class := j.contract.Class(name); class != nil {
		return class
	}
	return &ownership.Class{Name: name, Builtin: true}
}

// links files symlinks and submodules, by the mode of either side: replacing one by a file moves what others read.
func (j *judge) links(c Change) {
	what := c.linked()
	if what != "" {
		class := j.classNamed(ownership.ClassLinks)
		j.class(c, class, class.Line, fmt.Sprintf("%s is a %s, in the class %s", code(c.Path), what, code(class.Name)))
	}
}

// linked says what a change is where either side is a symlink or a submodule, or "".
func (c Change) linked() string {
	what := ""
	for _, mode := range []uint32{c.OldMode, c.NewMode} {
		switch mode {
		case modeLink:
			what = "symlink"
		case modeGitlink:
			what = "submodule"
		}
	}
	return what
}

// generated returns a function that says whether the .gitattributes of the base mark a path as generated. The head's
// are never asked: a pull request could hide its files with them.
func (j *judge) generated() func(path string) bool {
	if !j.binds(j.classNamed(ownership.ClassGenerated)) || len(j.changes) == 0 {
		return func(string) bool { return false }
	}
	attributes := j.facts.Touched.Attributes
	if attributes == nil {
		j.unreadable("The .gitattributes of the base could not be read")
	}
	blanks := make(map[string]string, len(attributes))
	for dir, text := range attributes {
		blanks[dir] = strings.ReplaceAll(text, "\r", " ") // git reads a carriage return there as a blank
	}
	return ownership.ParseAttributes(blanks).Generated
}

// generatedFile files generated files, by a pattern of the class or by the base's attributes. One that the base does
// not track does not belong in the repository, whoever approves.
func (j *judge) generatedFile(c Change, r ownership.Ruling, byAttributes bool) {
	class := j.classNamed(ownership.ClassGenerated)
	byPath := slices.Contains(r.Classes, class)
	if !byPath && !byAttributes || !j.binds(class) {
		return
	}
	by := "its place"
	if byAttributes {
		by = "linguist-generated"
	}
	why := fmt.Sprintf("%s is generated, by %s, and so in the class %s", code(c.Path), by, code(class.Name))
	if !c.added() || class.Deny {
		j.class(c, class, classLine(class, r), why)
		return
	}
	f := Finding{
		Rule: ClassRule(class.Name), Level: Error, Verdict: Failure, Who: j.writer(), Path: c.Path,
		Contract: at(classLine(class, r)), Message: why + "; the base does not track it", Fix: untrackCommand(c.Path),
	}
	if f.Fix == "" {
		f.Fix = "Take it out of the branch, and list it in .gitignore."
	}
	j.add(f)
}
