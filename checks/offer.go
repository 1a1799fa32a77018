package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// MaxBody is the longest description of a pull request that GitHub takes, in characters; counting bytes keeps it.
const MaxBody = 65536

// Offer is what the pull request from the integration branch to its target has to say. Whatever is text in it, but for
// the contract, may be written by others.
type Offer struct {
	Branch   string // the integration branch
	Target   string
	Tip      string // the commit that is offered
	Contract *ownership.Contract
	Changes  []OfferedChange // in the order in which they landed
	Evidence []Integration   // on the tip
	Behind   string          // why the branch lacks what the target holds by now; "" when it does not, or nobody tried
	Lacking  []LackingChange // what had landed, was to land again after the target was merged without it, and did not
}

// LackingChange is a pull request that had landed and is not offered any more.
type LackingChange struct {
	PR  int
	Why string
}

// OfferedChange is a pull request that landed.
type OfferedChange struct {
	PR         int
	Title      string
	Agent      string // "" for a person's
	Author     string // login
	Head       string // at which it was judged
	Commit     string // as which it landed
	Matrix     []Row  // at its head
	Approvals  []Approval
	Interfaces []string // that it changes
	Risk       string   // what its notes say remains
	Claims     []string // requirements that its notes claim at its head
}

// offerMark starts the description, and tells our offer from other pull requests of the branch.
const offerMark = "<!-- agentplane:offer -->\n"

// The shares of the description, in bytes. What is left is for the list of changes.
const (
	offerEvidence = 10000
	offerSections = 18000
	offerBlock    = 12000
	offerLacking  = 4000
	offerRisk     = 1000 // of one change, in characters
)

// RenderOffer returns the title and the description of the offer. The description has the sections that the contract
// requires of the integration, and an agentplane block for the tip, so that it meets the requirements that notes can
// meet. What CI must show, it does not decide.
//
// A statement, or a command that CI does not observe, is claimed where every change that it binds claimed it at its own
// head, and there is such a change. It is total: what does not fit is left out and counted.
func RenderOffer(o Offer) (title, body string) {
	title = fmt.Sprintf("%s to %s: %s", plainBranch(o.Branch, "the integration branch"), plainBranch(o.Target, "its target"), count(len(o.Changes), "change"))
	tail := o.evidence() + o.sections() + "\n" + fence("agentplane", o.block()) + "\n" + dataNote
	p := &page{limit: MaxBody - len(tail)}
	p.add(offerMark)
	p.add(fmt.Sprintf("This brings to %s what landed on %s, at the very commit that was tested: %s. A person merges it.\n\n", code(o.Target), code(o.Branch), code(o.Tip)))
	if o.Behind != "" {
		p.add("The target has moved on, and that could not be taken in: " + code(o.Behind) + ".\n\n")
	}
	p.add(o.lacks())
	p.add("## What landed\n\n")
	if len(o.Changes) == 0 {
		p.add("Nothing.\n")
	}
	for i, c := range o.Changes {
		item := c.item()
		if p.left()-len(item) < 100 {
			p.add("- and " + count(len(o.Changes)-i, "more change") + "\n")
			break
		}
		p.add(item)
	}
	return title, p.b.String() + tail
}

// lacks names what had landed and is not offered any more.
func (o Offer) lacks() string {
	if len(o.Lacking) == 0 {
		return ""
	}
	p := &page{limit: offerLacking}
	p.add("**This lacks what had landed before.** The target was merged without it, and it did not land again:\n\n")
	for i, l := range o.Lacking {
		item := fmt.Sprintf("- Pull request %d: %s\n", l.PR, code(l.Why))
		if p.left()-len(item) < 100 {
			p.add("- and " + count(len(o.Lacking)-i, "more change") + "\n")
			break
		}
		p.add(item)
	}
	return p.b.String() + "\n"
}

var plainBranchName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$`)

// plainBranch returns a branch for a title, which is no Markdown, or words that stand for it.
func plainBranch(name, otherwise string) string {
	if plainBranchName.MatchString(name) && !linked.MatchString(name) {
		return name
	}
	return otherwise
}

// item is a change as an entry of the list.
func (c OfferedChange) item() string {
	by := "a person"
	if c.Agent != "" {
		by = code(c.Agent)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "- Pull request %d by %s, opened by %s: %s\n", c.PR, by, code(c.Author), code(c.Title))
	fmt.Fprintf(&b, "  At the head %s, landed as %s.", short(c.Head), short(c.Commit))
	for _, group := range rowGroups(c.Matrix) {
		fmt.Fprintf(&b, " %s: %s.", inert(capital(group.what)), codes(group.names))
	}
	if len(c.Interfaces) > 0 {
		fmt.Fprintf(&b, " Changes the interface %s.", codes(c.Interfaces))
	}
	if approvals := approvedBy(c.Approvals); len(approvals) > 0 {
		fmt.Fprintf(&b, " Approved: %s.", codes(approvals))
	}
	b.WriteString("\n")
	return b.String()
}

// capital is a word at the start of a sentence.
func capital(word string) string {
	if word == "" || word[0] < 'a' || word[0] > 'z' {
		return word
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func approvedBy(approvals []Approval) []string {
	var out []string
	for _, a := range approvals {
		out = append(out, fmt.Sprintf("%s by %s (%s)", a.Subject, a.By.Login, a.Source))
	}
	return out
}

// rowGroup is the requirements of a matrix that have come equally far.
type rowGroup struct {
	what  string
	names []string
}

// rowGroups sorts a matrix by level, and by state what is not shown.
func rowGroups(rows []Row) []rowGroup {
	var groups []rowGroup
	for _, r := range rows {
		what := r.Evidence
		if r.State != RowShown {
			what = string(r.State)
		}
		i := slices.IndexFunc(groups, func(g rowGroup) bool { return g.what == what })
		if i < 0 {
			i = len(groups)
			groups = append(groups, rowGroup{what: what})
		}
		groups[i].names = append(groups[i].names, r.Requirement)
	}
	return groups
}

// evidence is what CI shows on the tip, as a table.
func (o Offer) evidence() string {
	p := &page{limit: offerEvidence}
	p.add("\n## Evidence\n\nWhat CI shows on " + code(o.Tip) + ":\n\n")
	if len(o.Evidence) == 0 {
		p.add("Nothing is required.\n")
		return p.b.String()
	}
	p.add("| requirement | state | seen |\n|---|---|---|\n")
	for i, e := range o.Evidence {
		row := e.row()
		if p.left()-len(row) < 100 {
			p.add("\nand " + count(len(o.Evidence)-i, "more requirement") + "\n")
			break
		}
		p.add(row)
	}
	return p.b.String()
}

func (i Integration) row() string {
	cells := []string{code(i.Requirement), inert(string(i.State)) + link(i.URL), code(i.Detail)}
	for k, c := range cells {
		cells[k] = strings.ReplaceAll(c, "|", "│") // a pipe ends a cell even in code
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
