package ownership

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Warning is something in a valid contract that its author may not have
// meant.
type Warning struct {
	Line int
	Msg  string
	Fix  string
}

// Lint looks for what a valid contract says in vain, or more widely than it
// seems: agents that own nothing, claims on everything, claims without effect,
// and overlaps. It sees an overlap where an example of one claim's paths
// belongs to another agent too; two claims with wildcards can overlap unseen,
// and then the ruling on the path reports it. The warnings are sorted by line,
// and at most 200 are listed.
func Lint(c *Contract) []Warning {
	l := &linter{contract: c, ruler: c.Ruler()}
	for i := range c.Agents {
		l.agent(&c.Agents[i])
	}
	for _, claim := range c.Shared {
		l.shared(claim)
	}
	for i := range c.Requirements {
		l.requirement(&c.Requirements[i])
	}
	for i := range c.Interfaces {
		l.claims("interface "+c.Interfaces[i].Name, "paths", c.Interfaces[i].Paths)
	}
	if len(c.Integration.Integrators) == 0 && c.Integration.Branch != "" {
		l.warn(c.Integration.Line, "integration names no integrators, so everyone with write access may integrate", `add integrators: ["@org/team"]`)
	}
	if more := len(l.warnings) - maxProblems; more > 0 {
		last := l.warnings[maxProblems-1].Line
		l.warnings = append(l.warnings[:maxProblems], Warning{Line: last, Msg: fmt.Sprintf("and %d more warnings", more), Fix: "mend the others first"})
	}
	slices.SortStableFunc(l.warnings, func(a, b Warning) int { return cmp.Compare(a.Line, b.Line) })
	return l.warnings
}

// A linter collects warnings.
type linter struct {
	contract *Contract
	ruler    *Ruler
	warnings []Warning
	seen     map[string]bool // overlaps that were reported
}

// warn notes a warning.
func (l *linter) warn(line int, msg, fix string) {
	l.warnings = append(l.warnings, Warning{Line: line, Msg: msg, Fix: fix})
}

// agent looks at one agent's claims.
func (l *linter) agent(a *Agent) {
	if len(a.Owns) == 0 {
		l.warn(a.Line, fmt.Sprintf("agent %s owns nothing, so every path it changes fails", a.Name), "add owns")
	}
	l.claims("agent "+a.Name, "owns", a.Owns)
	l.claims("agent "+a.Name, "never", a.Never)
	for _, claim := range a.Owns {
		l.effect(a, claim)
	}
}

// claims warns of claims on everything and of claims that another one of the
// list makes needless.
func (l *linter) claims(who, key string, claims []Claim) {
	list := (&Contract{Agents: []Agent{{Owns: claims}}}).Ruler()
	for i, claim := range claims {
		p := claim.Pattern
		if p.all || len(p.segments) == 1 && p.segments[0].glob.onlyRun() {
			l.warn(claim.Line, fmt.Sprintf("%s in %s of %s is every path", p, key, who), "name directories")
			continue
		}
		if other := coveredBy(list, claims, i); other != nil {
			l.warn(claim.Line, fmt.Sprintf("%s in %s of %s is covered by %s in line %d", p, key, who, other.Pattern, other.Line), "remove it")
		}
	}
}

// coveredBy returns a claim of a list that makes another one needless, or nil.
// Of two that cover each other the later one is needless.
func coveredBy(list *Ruler, claims []Claim, i int) *Claim {
	narrow := claims[i].Pattern
	if !narrow.plain() {
		return nil
	}
	for _, h := range list.Rule(nil, narrow.within()).Hits {
		wide := h.Claim.Pattern
		if h.Role == RoleOwns && h.Claim != &claims[i] && covers(wide, narrow) &&
			(h.Claim.Line < claims[i].Line || !wide.plain() || !covers(narrow, wide)) {
			return h.Claim
		}
	}
	return nil
}

// effect warns of a claim in owns that never lets anything pass, and of one
// that overlaps with another agent's.
func (l *linter) effect(a *Agent, claim Claim) {
	example := claim.Pattern.example()
	if example == "" {
		return
	}
	r := l.ruler.Rule(a, example)
	switch r.Kind {
	case Never:
		l.warn(claim.Line, fmt.Sprintf("agent %s owns %s, and its never %s in line %d forbids that", a.Name, claim.Pattern, r.By.Pattern, r.By.Line), "remove one of them")
	case Classed:
		if class := r.Denied(); class != nil {
			l.warn(claim.Line, fmt.Sprintf("agent %s owns %s, and class %s denies changes there (%s)", a.Name, claim.Pattern, class.Name, r.By.Pattern), "say who approves, or remove it")
			return
		}
		l.warn(claim.Line, fmt.Sprintf("agent %s owns %s, and class %s asks for an approval there (%s)", a.Name, claim.Pattern, r.Classes[0].Name, r.By.Pattern), "expect approvals, or remove it")
	case Overlap:
		l.overlap(a, claim, r)
	}
}

// overlap warns once for each pair of agents and line.
func (l *linter) overlap(a *Agent, claim Claim, r Ruling) {
	for _, h := range r.Hits {
		mine, other := a.Name+" "+claim.Pattern.String(), h.Agent+" "+h.Claim.Pattern.String()
		key := min(mine, other) + "\n" + max(mine, other)
		if h.Role != RoleOwns || h.Agent == a.Name || l.seen[key] {
			continue
		}
		if l.seen == nil {
			l.seen = map[string]bool{}
		}
		l.seen[key] = true
		l.warn(claim.Line, fmt.Sprintf("%s of agent %s and %s of agent %s in line %d overlap, so both fail on %s",
			claim.Pattern, a.Name, h.Claim.Pattern, h.Agent, h.Claim.Line, shorten(r.Path)), "give it to one of them, or list it under shared")
	}
}

// shared warns of a shared claim that lets no two agents meet.
func (l *linter) shared(claim Claim) {
	if example := claim.Pattern.example(); example != "" && claim.Pattern.plain() && len(l.ruler.Rule(nil, example).Owners) < 2 && !l.ownedBelow(claim) {
		l.warn(claim.Line, fmt.Sprintf("%s is shared, and fewer than two agents own it: shared gives nothing to anyone", claim.Pattern), "add it to owns of those who share it")
	}
}

// ownedBelow tells whether two agents own something within a claim.
func (l *linter) ownedBelow(claim Claim) bool {
	agents := 0
	for _, a := range l.contract.Agents {
		if slices.ContainsFunc(a.Owns, func(c Claim) bool {
			example := c.Pattern.example()
			return !c.Pattern.plain() || example != "" && claim.Pattern.Match(example)
		}) {
			agents++
		}
	}
	return agents > 1
}

// requirement warns of commands that nobody observes, and of check runs that
// every workflow can make.
func (l *linter) requirement(q *Requirement) {
	if e := q.Evidence; e.Check != "" && (e.App == actionsSlug || e.AppID == actionsID) {
		l.warn(e.Line, fmt.Sprintf("evidence of requirement %s is a check run of GitHub Actions, and any workflow with the permission checks: write can make one of this name", q.Name),
			"name the workflow and its job, and the command is looked for in it")
	}
	if q.Run != "" && !q.Evidence.Declared() {
		l.warn(q.Line, fmt.Sprintf("requirement %s is a command without evidence, so a claim in the notes is enough", q.Name), "add evidence: { workflow: …, job: … }")
	}
}

// GitHub Actions as an App: every workflow's token speaks for it.
const (
	actionsSlug = "github-actions"
	actionsID   = 15368
)

// plain tells whether a pattern has no wildcard.
func (p Pattern) plain() bool {
	for _, s := range p.segments {
		if s.deep || s.glob != nil {
			return false
		}
	}
	return !p.all
}

// covers tells whether all paths of a pattern without wildcards are paths of
// another pattern. In doubt it says no.
func covers(wide, narrow Pattern) bool {
	if wide.all || !narrow.floating {
		return wide.Match(narrow.within())
	}
	whole := narrow.dirOnly || len(narrow.segments) > 1
	return wide.floating && len(wide.segments) == 1 && wide.segments[0].match(narrow.segments[0].literal) && (!wide.dirOnly || whole)
}

// within returns a path of a pattern without wildcards: the name, or, where the
// pattern is about what is below, a name below that no pattern has in mind.
func (p Pattern) within() string {
	path := ""
	for _, s := range p.segments {
		path += "/" + s.literal
	}
	if p.dirOnly {
		path += "/" + strings.Repeat("\x01", 60)
	}
	return strings.TrimPrefix(path, "/")
}

// example returns a path that the pattern matches: the wildcards stand for as
// little as possible. It is "" where there is none that git could hold.
func (p Pattern) example() string {
	if p.all {
		return "x"
	}
	var parts []string
	for _, s := range p.segments {
		switch {
		case s.deep:
		case s.glob != nil:
			parts = append(parts, s.glob.example())
		default:
			parts = append(parts, s.literal)
		}
	}
	if p.dirOnly {
		parts = append(parts, "x")
	}
	path := strings.Join(parts, "/")
	if !p.Match(path) {
		return ""
	}
	return path
}

// example is a segment that the glob matches.
func (g *glob) example() string {
	var b strings.Builder
	for _, a := range g.atoms {
		switch a.kind {
		case atomByte:
			b.WriteByte(a.b)
		case atomAny:
			b.WriteByte('x')
		}
	}
	if b.Len() == 0 {
		return "x"
	}
	return b.String()
}
