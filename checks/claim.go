package checks

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// claim is what the notes say about one requirement.
type claim string

// The claims. Of several about one requirement the worst counts.
const (
	claimNone    claim = ""
	claimSuccess claim = "success" // for the head
	claimStale   claim = "stale"   // for another commit
	claimFailure claim = "failure" // for whatever commit
)

func (c claim) rank() int {
	return slices.Index([]claim{claimNone, claimSuccess, claimStale, claimFailure}, c)
}

// sameCommand compares commands: whitespace at the ends and continued lines make no difference, everything else does.
func sameCommand(a, b string) bool { return commandKey(a) == commandKey(b) }

var continued = regexp.MustCompile(`[ \t]*\\\r?\n[ \t]*`)

// commandKey is a command in the form in which commands are compared.
func commandKey(s string) string {
	parts := strings.Split(continued.ReplaceAllString(s, " "), "\n")
	for i, p := range parts {
		parts[i] = strings.TrimRight(p, " \t\r")
	}
	return strings.Trim(strings.Join(parts, "\n"), " \t\n")
}

// about returns what the notes say about a requirement.
func (n notes) about(q *ownership.Requirement, head string) claim {
	switch {
	case q.Run != "":
		return n.ofCommand(q, head)
	case q.Expect != "":
		return n.ofStatement(q, head)
	case len(q.Sections) > 0 && len(n.missing(q.Sections)) == 0:
		return claimSuccess
	}
	return claimNone
}

// ofCommand looks for the command in the block, by the requirement's name and the command, and in the prose.
func (n notes) ofCommand(q *ownership.Requirement, head string) claim {
	worst := claimNone
	note := func(c claim) {
		if c.rank() > worst.rank() {
			worst = c
		}
	}
	for _, c := range n.block.commands {
		switch {
		case c.id != q.Name || !sameCommand(c.run, q.Run):
		case c.exit != 0 || !c.exited:
			note(claimFailure)
		default:
			note(n.block.at(head))
		}
	}
	for _, r := range n.rows {
		switch {
		case !sameCommand(r.command, q.Run):
		case r.failed:
			note(claimFailure)
		default:
			note(n.prose())
		}
	}
	return worst
}

func (n notes) ofStatement(q *ownership.Requirement, head string) claim {
	if slices.Contains(n.block.statements, q.Name) {
		return n.block.at(head)
	}
	text, worst := collapsed(q.Expect), claimNone
	for _, entry := range n.stated {
		before, after, found := strings.Cut(entry, text)
		c := claimNone
		switch {
		case found && saysFailed(before+" "+after):
			c = claimFailure
		case found:
			c = n.prose()
		}
		if c.rank() > worst.rank() {
			worst = c
		}
	}
	return worst
}

// at is a claim of success in the block: for the head, or stale.
func (b noteBlock) at(head string) claim {
	if b.head == head && head != "" {
		return claimSuccess
	}
	return claimStale
}

// prose is a claim of success in prose.
func (n notes) prose() claim {
	if n.other != "" {
		return claimStale
	}
	return claimSuccess
}

// missing returns the headings without a section, or with one that says nothing.
func (n notes) missing(headings []string) []string {
	return slices.DeleteFunc(slices.Clone(headings), func(h string) bool { return n.filled[headingKey(h)] > 0 })
}

// contradicting returns the block's commands that have a requirement's name and another command.
func (n notes) contradicting(q *ownership.Requirement) []string {
	var other []string
	for _, c := range n.block.commands {
		if c.id == q.Name && q.Run != "" && !sameCommand(c.run, q.Run) {
			other = append(other, c.run)
		}
	}
	return other
}
