package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// A contact is how this pull request and its neighbors touch one interface.
type contact struct {
	*ownership.Interface
	pending []Finding       // this pull request's changes of the interface's paths
	known   []Finding       // what whoever approves has to know
	used    map[string]bool // paths of this pull request that mention what a neighbor takes away
	all     bool            // an approval is about everything that the pull request changes
	titles  []string        // what the check's title may say about it
}

// mostKnown is how many findings of one sort are filed for one interface; the others are counted.
const mostKnown = 20

// interfaces notes a change of paths that others build against.
func (j *judge) interfaces(c Change, r ownership.Ruling) {
	for _, in := range r.Interfaces {
		line := in.Line
		for _, h := range r.Hits {
			if h.Interface == in && h.Claim != nil {
				line = h.Claim.Line
				break
			}
		}
		to := j.contact(in)
		to.pending = append(to.pending, Finding{
			Rule: InterfaceRule(in.Name), Path: c.Path, Owner: r.Owner, Contract: at(line), Fix: approvalFix(in.By, in.Name, j.restore(c)),
			Message: fmt.Sprintf("%s is part of the interface %s, which others build against; %s",
				code(c.Path), code(in.Name), approvalText(in.By)),
		})
	}
}

func (j *judge) contact(in *ownership.Interface) *contact {
	for _, c := range j.contacts {
		if c.Interface == in {
			return c
		}
	}
	c := &contact{Interface: in, used: map[string]bool{}}
	j.contacts = append(j.contacts, c)
	return c
}

// judgeInterfaces compares what this pull request and its neighbors do to each interface, and asks for the approvals.
// There is one question per interface: it is about the changes of the interface's paths, and of the paths that mention
// what a neighbor takes away.
func (j *judge) judgeInterfaces() {
	if len(j.contract.Interfaces) == 0 || len(j.changes) == 0 {
		return
	}
	around := j.surroundings()
	for i := range j.contract.Interfaces {
		c := j.contact(&j.contract.Interfaces[i])
		if around != nil {
			j.lostHere(c, around)
			j.changedToo(c, around)
			j.lostElsewhere(c, around)
			j.incomplete(c, around)
		}
		if len(c.pending)+len(c.known) > 0 {
			j.asks = append(j.asks, &ask{question: j.interfaceQuestion(c), pending: c.pending, known: c.known})
		}
	}
}

// surroundings returns them, or files that they are not known. In a clone leaveReview says so.
func (j *judge) surroundings() *Surroundings {
	if j.facts.Surroundings == nil && !j.facts.Local {
		j.add(Finding{
			Rule: RuleUnread, Contract: inSection("interfaces"), Fix: lookAtLog,
			Message: "What other pull requests do to the interfaces was not read",
		})
	}
	return j.facts.Surroundings
}

func (j *judge) interfaceQuestion(c *contact) question {
	return question{subject: InterfaceRule(c.Name), name: c.Name, by: c.By, line: c.Line, covers: func(change Change) bool {
		return c.all || c.used[change.Path] || j.isOf(c.Interface, change.Path)
	}}
}

func (j *judge) isOf(in *ownership.Interface, path string) bool {
	return slices.Contains(j.ruler.Rule(j.agent, path).Interfaces, in)
}

// note files, for whoever approves, at most mostKnown findings, and counts the others.
func (c *contact) note(fs []Finding, more string) {
	for i, f := range fs {
		if i == mostKnown {
			f = Finding{Level: f.Level, Verdict: f.Verdict, Who: f.Who, Fix: f.Fix, Message: count(len(fs)-i, "more "+more) + " of " + code(c.Name)}
		}
		f.Rule, f.Contract = InterfaceRule(c.Name), at(c.Line)
		c.known = append(c.known, f)
		if i == mostKnown {
			return
		}
	}
}

// ask is the remedy for what whoever approves has to know.
func (c *contact) ask() string { return approvalFix(c.By, c.Name, "") }

// lostHere says what this pull request takes away, adds and changes, and who uses that.
func (j *judge) lostHere(c *contact, around *Surroundings) {
	if len(c.pending) == 0 {
		return
	}
	var mine []Symbols
	var unknown []Finding
	for _, f := range c.pending {
		at := slices.IndexFunc(around.Symbols, func(s Symbols) bool { return s.Path == f.Path })
		problem := fmt.Sprintf("What changes in %s was not looked at", code(f.Path))
		if at >= 0 {
			mine = append(mine, around.Symbols[at])
			_, problem = LostNames(around.Symbols[at])
		}
		if problem != "" {
			unknown = append(unknown, Finding{Path: f.Path, Message: problem + "; the review has to find out what others lose", Fix: c.ask()})
		}
	}
	c.note(unknown, "unknown change")
	lost, _ := LostNames(mine...)
	var findings, users []Finding
	for _, l := range lost {
		f := Finding{Path: l.Path, Message: fmt.Sprintf("%s of %s %s", code(l.Name), code(c.Name), l.what()), Fix: c.ask()}
		if places := placesOf(around.Uses, l.Name); len(places) > 0 {
			f.Message += "; used at " + listPlaces(places)
		}
		findings = append(findings, f)
		users = append(users, j.neighborsUse(c, l, around)...)
	}
	c.note(users, "use")
	c.note(findings, "lost name")
	if added := addedNames(mine); len(added) > 0 {
		c.note([]Finding{{Level: Notice, Verdict: Success, Message: fmt.Sprintf("%s comes to have %s", code(c.Name), codes(added))}}, "")
	}
}

// what says how a name was lost, as the rest of a sentence.
func (l Lost) what() string {
	switch l.How {
	case lostRenamed:
		return "is gone, and " + code(l.Now) + " stands in its place"
	case lostChanged:
		return "changes from " + code(l.Was) + " to " + code(l.Now)
	}
	return "is gone"
}

// neighborsUse files the open pull requests of others that mention a lost name.
func (j *judge) neighborsUse(c *contact, l Lost, around *Surroundings) []Finding {
	var findings []Finding
	for _, n := range sortedNeighbors(around.Neighbors) {
		places := placesOf(n.Uses, l.Name)
		if len(places) == 0 || n.Landed {
			continue
		}
		findings = append(findings, Finding{
			Message: fmt.Sprintf("%s uses %s of %s, which %s: %s", upperFirst(n.name()), code(l.Name), code(c.Name), l.what(), listPlaces(places)),
			Fix:     "Its agent has to adapt, or the name stays. " + c.ask(),
		})
		c.titles = append(c.titles, fmt.Sprintf("%s is used by pull request %d", plainName(l.Name, "a lost name"), n.PR))
	}
	return findings
}

// listPlaces shows a few places, or counts them where their names are too long for a sentence.
func listPlaces(places []string) string {
	if text := codes(places); len(text) < longestProse/3 {
		return text
	}
	return count(len(places), "place")
}

// name is what a neighbor is called.
func (n Neighbor) name() string {
	if n.Landed && n.PR == 0 {
		return "what landed on the base since this branch left it"
	}
	who := code(n.Agent)
	if n.Agent == "" {
		who = code(n.Branch)
	}
	if n.Landed {
		return fmt.Sprintf("pull request %d of %s, which has landed,", n.PR, who)
	}
	return fmt.Sprintf("pull request %d of %s", n.PR, who)
}

func sortedNeighbors(ns []Neighbor) []Neighbor {
	return slices.SortedStableFunc(slices.Values(ns), func(a, b Neighbor) int {
		return cmp.Or(cmp.Compare(a.PR, b.PR), cmp.Compare(a.Head, b.Head))
	})
}

// placesOf lists the places of a name as path:line, sorted.
func placesOf(uses []Use, name string) []string {
	var mine []Use
	for _, u := range uses {
		if u.Name == name {
			mine = append(mine, u)
		}
	}
	slices.SortFunc(mine, compareUses)
	places := make([]string, 0, len(mine))
	for _, u := range mine {
		places = append(places, fmt.Sprintf("%s:%d", u.Path, u.Line))
	}
	return slices.Compact(places)
}

func compareUses(a, b Use) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
}

// addedNames lists the definitions and fields that only the new side has, sorted.
func addedNames(files []Symbols) []string {
	var out []string
	for _, s := range files {
		old := map[string]bool{}
		for _, d := range append(slices.Clone(s.Old), fieldsOf(s.OldText)...) {
			old[d.Name] = true
		}
		for _, d := range append(slices.Clone(s.New), fieldsOf(s.NewText)...) {
			if !old[d.Name] && telling(d.Name) {
				out = append(out, d.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// changedToo names the open pull requests that change the same interface.
func (j *judge) changedToo(c *contact, around *Surroundings) {
	if len(c.pending) == 0 {
		return
	}
	var findings []Finding
	for _, n := range sortedNeighbors(around.Neighbors) {
		for _, change := range n.Changes {
			if change.Interface != c.Name || n.Landed {
				continue
			}
			paths := slices.Sorted(slices.Values(change.Paths))
			findings = append(findings, Finding{
				Message: fmt.Sprintf("%s changes the interface %s too: %s", upperFirst(n.name()), code(c.Name), listPlaces(paths)),
				Fix:     "One person reviews both changes together. " + c.ask(),
			})
		}
	}
	c.note(findings, "pull request")
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// lostElsewhere files what this pull request mentions and a neighbor takes away. Paths of the interface itself are left
// to changedToo.
func (j *judge) lostElsewhere(c *contact, around *Surroundings) {
	var findings []Finding
	for _, n := range sortedNeighbors(around.Neighbors) {
		for _, change := range n.Changes {
			if change.Interface != c.Name {
				continue
			}
			lost := slices.SortedFunc(slices.Values(change.Lost), compareLost)
			for _, l := range lost {
				findings = append(findings, j.mentions(c, n, l)...)
			}
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Path, b.Path) })
	c.note(findings, "mention")
}

// mentions files the paths of this pull request that mention one lost name, each with its lines.
func (j *judge) mentions(c *contact, n Neighbor, l Lost) []Finding {
	uses := slices.SortedFunc(slices.Values(j.facts.Surroundings.Mine), compareUses)
	uses = slices.DeleteFunc(uses, func(u Use) bool { return u.Name != l.Name || j.isOf(c.Interface, u.Path) })
	f := Finding{Level: Error, Verdict: Failure, Who: j.writer(), Fix: "Do without " + code(l.Name) + "."}
	switch l.How {
	case lostRenamed:
		f.Fix = "Use " + code(l.Now) + " in its place."
	case lostChanged: // the name stays, so no program sees whether it is used as it will be
		f = Finding{Level: Warning, Verdict: ActionRequired, Who: Person, Fix: "Use it as it will be."}
	}
	f.Fix += " If it may land as it is: " + c.ask()
	var findings []Finding
	for i, u := range uses {
		if i > 0 && uses[i-1].Path == u.Path {
			continue
		}
		c.used[u.Path] = true
		here := slices.DeleteFunc(slices.Clone(uses), func(o Use) bool { return o.Path != u.Path })
		f.Path, f.Line = u.Path, u.Line
		f.Message = fmt.Sprintf("%s of the interface %s is used at %s, and %s changes it: it %s", code(l.Name), code(c.Name), listPlaces(placesOf(here, l.Name)), n.name(), l.what())
		findings = append(findings, f)
	}
	if len(findings) > 0 && f.Verdict == Failure {
		taker := fmt.Sprintf("pull request %d", n.PR)
		if n.Landed && n.PR == 0 {
			taker = "the base"
		}
		c.titles = append(c.titles, fmt.Sprintf("Uses %s, which %s takes away", plainName(l.Name, "a name"), taker))
	}
	return findings
}

// incomplete says what could not be looked at: then an approval has to be of the whole pull request.
func (j *judge) incomplete(c *contact, around *Surroundings) {
	if around.Incomplete == "" {
		return
	}
	c.all = true
	c.note([]Finding{{
		Message: fmt.Sprintf("Whether other pull requests and this one agree on the interface %s is not known: %s", code(c.Name), code(around.Incomplete)),
		Fix:     "When the cause is mended, push again. Or, if it may land as it is: " + c.ask(),
	}}, "")
}
