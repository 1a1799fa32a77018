package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// requirements are those of the integration.
func (o Offer) requirements() []*ownership.Requirement {
	if o.Contract == nil {
		return nil
	}
	var all []*ownership.Requirement
	for i := range o.Contract.Requirements {
		if q := &o.Contract.Requirements[i]; q.Applies(ownership.IntegrationColumn) {
			all = append(all, q)
		}
	}
	return all
}

// headings are the sections that the offer has: those that the contract wants of the integration, and the two that every
// reader expects.
func (o Offer) headings() []string {
	headings := []string{}
	add := func(h string) {
		same := func(other string) bool { return headingKey(other) == headingKey(h) }
		if headingKey(h) != "" && !slices.ContainsFunc(headings, same) {
			headings = append(headings, h)
		}
	}
	for _, q := range o.requirements() {
		for _, s := range q.Sections {
			add(s)
		}
	}
	add(commandsHeading)
	add(riskHeading)
	return headings
}

// sections are the notes in prose.
func (o Offer) sections() string {
	p := &page{limit: offerSections}
	headings := o.headings()
	for i, h := range headings {
		share := p.left() / (len(headings) - i)
		words := strings.Fields(headingKey(h))
		title := "\n## " + visible(h) + "\n\n"
		switch room := share - len(title); {
		case slices.Contains(words, "command") || slices.Contains(words, "commands"):
			p.add(title + o.commandsRun(room))
		case slices.Contains(words, "risk") || slices.Contains(words, "risks"):
			p.add(title + o.risks(room))
		default:
			p.add(title + "As the descriptions of the pull requests that landed say, each for itself.\n")
		}
	}
	return p.b.String()
}

// commandsRun lists the commands that are shown. It speaks of the tip, and of no other commit: the notes would be about
// that one.
func (o Offer) commandsRun(room int) string {
	p := &page{limit: room}
	p.add("On " + code(o.Tip) + ":\n\n")
	empty := p.left()
	for _, q := range o.requirements() {
		seen := o.seen(q)
		switch {
		case q.Run == "":
		case seen != nil && seen.State == RowShown:
			p.add("- " + code(q.Run) + ": passed in CI" + link(seen.URL) + "\n")
		case o.carried(q):
			p.add("- " + code(q.Run) + ": claimed by every change that it binds, each at its own head\n")
		}
	}
	if p.left() == empty {
		p.add("- nothing besides the evidence above\n")
	}
	return p.b.String()
}

// risks repeats what the notes of the changes say, as text and not as Markdown.
func (o Offer) risks(room int) string {
	p := &page{limit: room}
	named := slices.DeleteFunc(slices.Clone(o.Changes), func(c OfferedChange) bool { return strings.TrimSpace(c.Risk) == "" })
	for i, c := range named {
		block := fmt.Sprintf("Of pull request %d:\n\n", c.PR) + fence("text", textLines(c.Risk)) + "\n"
		if p.left()-len(block) < 100 {
			p.add("And of " + count(len(named)-i, "more change") + ", in the descriptions.\n")
			break
		}
		p.add(block)
	}
	if len(named) == 0 {
		p.add("The changes that landed name none.\n")
	}
	return p.b.String()
}

// textLines is text of others line by line, visible and cut. A bar before each keeps it from beginning with a command:
// not every program that reads descriptions knows what a fence is.
func textLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(truncate(strings.TrimSpace(strings.ToValidUTF8(s, "\ufffd")), offerRisk)) {
		b.WriteString("| " + visible(strings.TrimRight(line, "\r\n")) + "\n")
	}
	return b.String()
}

// seen is what CI shows of a requirement on the tip, or nil.
func (o Offer) seen(q *ownership.Requirement) *Integration {
	for i := range o.Evidence {
		if o.Evidence[i].Requirement == q.Name {
			return &o.Evidence[i]
		}
	}
	return nil
}

// carried reports whether what only notes can claim was claimed by every change that it binds, and it binds one.
func (o Offer) carried(q *ownership.Requirement) bool {
	bound := 0
	for _, c := range o.Changes {
		if c.Agent == "" || !q.Applies(c.Agent) {
			continue
		}
		if bound++; !slices.Contains(c.Claims, q.Name) {
			return false
		}
	}
	return bound > 0 && !q.Evidence.Declared()
}

// block is the text of the agentplane block: first what the notes alone can show, then what CI shows anyway.
func (o Offer) block() string {
	var commands, statements, observed []string
	for _, q := range o.requirements() {
		seen := o.seen(q)
		command := fmt.Sprintf("  - { id: %s, run: %s, exit: 0 }\n", quoted(q.Name), quoted(q.Run))
		switch {
		case q.Run != "" && seen != nil && seen.State == RowShown:
			observed = append(observed, command)
		case !o.carried(q):
		case q.Run != "":
			commands = append(commands, command)
		case q.Expect != "":
			statements = append(statements, "  - "+quoted(q.Name)+"\n")
		}
	}
	p := &page{limit: offerBlock}
	p.add(fmt.Sprintf("head: %s\nagent: %s\n", visible(o.Tip), ownership.IntegrationColumn))
	p.entries("statements", statements)
	p.entries("commands", append(commands, observed...))
	return p.b.String()
}

// entries writes a list of the block, as much of it as fits.
func (p *page) entries(key string, list []string) {
	if len(list) == 0 || !p.add(key+":\n"+list[0]) {
		return
	}
	for _, entry := range list[1:min(len(list), maxBlockCommands)] {
		p.add(entry)
	}
}
