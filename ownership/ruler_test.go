package ownership

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A randomContract has agents, classes, shared paths and interfaces with
// patterns that meet often.
func randomContract(r *rand.Rand) *Contract {
	line := 0
	claims := func(most int) []Claim {
		list := make([]Claim, r.IntN(most+1))
		for i := range list {
			line++
			list[i] = Claim{Pattern: randomPattern(r), Line: line}
		}
		return list
	}
	c := &Contract{Shared: claims(2)}
	for _, name := range []string{"one", "two", "three"} {
		c.Agents = append(c.Agents, Agent{Name: name, Owns: claims(4), Never: claims(2)})
	}
	for _, name := range []string{"red", "blue"} {
		c.Classes = append(c.Classes, Class{Name: name, Paths: claims(2), Deny: r.IntN(4) == 0})
	}
	c.Interfaces = append(c.Interfaces, Interface{Name: "api", Paths: claims(2)})
	return c
}

// pathIn makes a path that some claim of a contract often matches.
func pathIn(r *rand.Rand, c *Contract) string {
	var all []Claim
	for _, a := range c.Agents {
		all = append(append(all, a.Owns...), a.Never...)
	}
	for _, class := range c.Classes {
		all = append(all, class.Paths...)
	}
	path := randomPath(r)
	if len(all) > 0 && r.IntN(4) > 0 {
		path = pathFor(r, all[r.IntN(len(all))].Pattern)
	}
	if r.IntN(4) == 0 {
		path = strings.ToUpper(path)
	}
	return path
}

// slowRule is the definition of a ruling, claim by claim.
func slowRule(c *Contract, a *Agent, path string) Ruling {
	if !cleanPath(path) {
		return Ruling{Path: path, Reason: reasonPath}
	}
	var hits []Hit
	add := func(claims []Claim, restricts bool, h Hit) {
		for i := range claims {
			p := claims[i].Pattern
			if p.Match(path) || restricts && p.folded().Match(Fold(path)) {
				h.Claim = &claims[i]
				hits = append(hits, h)
			}
		}
	}
	for i := range c.Agents {
		add(c.Agents[i].Never, true, Hit{Role: RoleNever, Agent: c.Agents[i].Name})
	}
	for i := range c.Classes {
		add(c.Classes[i].Paths, true, Hit{Role: RoleClass, Class: &c.Classes[i]})
	}
	for i := range c.Agents {
		add(c.Agents[i].Owns, false, Hit{Role: RoleOwns, Agent: c.Agents[i].Name})
	}
	add(c.Shared, false, Hit{Role: RoleShared})
	for i := range c.Interfaces {
		add(c.Interfaces[i].Paths, true, Hit{Role: RoleInterface, Interface: &c.Interfaces[i]})
	}
	r := decide(a, hits)
	r.Path = path
	return r
}

// sameRuling compares rulings; claims, classes and interfaces are one when
// they are the same.
func sameRuling(a, b Ruling) string {
	if len(a.Hits) == 0 && len(b.Hits) == 0 {
		a.Hits, b.Hits = nil, nil
	}
	same := cmp.Options{
		cmp.Comparer(func(x, y *Claim) bool { return x == y }),
		cmp.Comparer(func(x, y *Class) bool { return x == y }),
		cmp.Comparer(func(x, y *Interface) bool { return x == y }),
	}
	return cmp.Diff(a, b, same)
}

// TestRulerIsItsDefinition holds the automaton to the definition, on contracts
// and paths that were made to meet.
func TestRulerIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 14))
	kinds := map[RulingKind]int{}
	for range scale(1500) {
		c := randomContract(r)
		ruler := c.Ruler()
		paths := make([]string, 30)
		for i := range paths {
			paths[i] = pathIn(r, c)
		}
		if r.IntN(2) == 0 {
			slices.Sort(paths)
		}
		for _, path := range paths {
			var a *Agent
			if i := r.IntN(4); i < 3 {
				a = &c.Agents[i]
			}
			got := ruler.Rule(a, path)
			kinds[got.Kind]++
			if diff := sameRuling(slowRule(c, a, path), got); diff != "" {
				t.Fatalf("%q (-definition +ruler):\n%s", path, diff)
			}
		}
	}
	for _, k := range []RulingKind{Unjudged, Owned, Never, Classed, Overlap, OwnedByOther, Unowned} {
		if kinds[k] < 50 {
			t.Errorf("only %d rulings are %s", kinds[k], k)
		}
	}
}

// TestOrderNeverMatters shuffles every list of a contract.
func TestOrderNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		c := randomContract(r)
		shuffled := &Contract{
			Shared: mixed(r, c.Shared), Agents: mixed(r, c.Agents),
			Classes: mixed(r, c.Classes), Interfaces: mixed(r, c.Interfaces),
		}
		for i := range shuffled.Agents {
			a := &shuffled.Agents[i]
			a.Owns, a.Never = mixed(r, a.Owns), mixed(r, a.Never)
		}
		for range 20 {
			path := pathIn(r, c)
			name := []string{"one", "two", "three", ""}[r.IntN(4)]
			x, y := c.Rule(c.Agent(name), path), shuffled.Rule(shuffled.Agent(name), path)
			if x.Kind != y.Kind || x.Shared != y.Shared || !sameSet(x.Owners, y.Owners) || len(x.Hits) != len(y.Hits) {
				t.Fatalf("%q for %q: %+v, shuffled %+v", path, name, x, y)
			}
		}
	})
}

// mixed is a copy in another order.
func mixed[T any](r *rand.Rand, list []T) []T {
	list = slices.Clone(list)
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// sameSet compares without regard to order.
func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestPrecedence adds one claim on the very path to a contract, and tells what
// that may change.
func TestPrecedence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		c := randomContract(r)
		path := pathIn(r, c)
		exact, err := CompilePattern("/" + escape(path))
		if err != nil || !exact.Match(path) {
			return // a path that no pattern may name
		}
		a := &c.Agents[0]
		before := c.Rule(a, path)
		a.Owns = append(a.Owns, Claim{Pattern: exact})
		if got := c.Rule(a, path).Kind; got != before.Kind && slices.Contains([]RulingKind{Never, Classed}, before.Kind) {
			t.Fatalf("owning %q makes %s %s", path, before.Kind, got)
		}
		c.Classes = append(c.Classes, Class{Name: "green", Paths: []Claim{{Pattern: exact}}})
		if got := c.Rule(a, path).Kind; got != Classed && before.Kind != Never {
			t.Fatalf("a class on %q makes %s %s", path, before.Kind, got)
		}
		a.Never = append(a.Never, Claim{Pattern: exact})
		if got := c.Rule(a, path); got.Kind != Never || got.Allowed() {
			t.Fatalf("never %q makes %s", path, got.Kind)
		}
	})
}

// TestShared: two agents that own a path both fail, unless it is shared, and
// sharing alone gives nothing.
func TestShared(t *testing.T) {
	docs := []Claim{{Pattern: mustPattern(t, "docs/"), Line: 1}}
	c := &Contract{Agents: []Agent{{Name: "a", Owns: docs}, {Name: "b", Owns: docs}, {Name: "c"}}}
	if r := c.Rule(&c.Agents[0], "docs/x"); r.Kind != Overlap || r.Owner != "b" || r.By == nil {
		t.Errorf("two owners: %+v", r)
	}
	c.Shared = docs
	for i, want := range []RulingKind{Owned, Owned, OwnedByOther} {
		if r := c.Rule(&c.Agents[i], "docs/x"); r.Kind != want || !r.Shared {
			t.Errorf("shared, agent %d: %s, want %s", i, r.Kind, want)
		}
	}
	c.Agents = c.Agents[2:]
	if r := c.Rule(&c.Agents[0], "docs/x"); r.Kind != Unowned {
		t.Errorf("shared and nobody's: %s", r.Kind)
	}
}

// TestForeignAgent: an agent that the contract does not know owns nothing.
func TestForeignAgent(t *testing.T) {
	c := &Contract{Agents: []Agent{{Name: "a", Owns: []Claim{{Pattern: mustPattern(t, "**")}}}}}
	if r := c.Rule(&Agent{Name: "b", Owns: c.Agents[0].Owns}, "x"); r.Kind != OwnedByOther || r.Allowed() {
		t.Errorf("a foreign agent: %s", r.Kind)
	}
}

// TestTooMuchWork: wildcards and paths that multiply end in a ruling that does
// not pass, and soon.
func TestTooMuchWork(t *testing.T) {
	c := &Contract{Agents: []Agent{{Name: "a", Owns: []Claim{{Pattern: mustPattern(t, "**")}}}}}
	for i := range 5000 {
		text := "*" + strings.Repeat("?", i%40) + "a*b*c*d*e" + strings.Repeat("?", i/40) + "*"
		c.Classes = append(c.Classes, Class{Name: text, Paths: []Claim{{Pattern: mustPattern(t, text)}}})
	}
	r := c.Ruler()
	name := strings.Repeat("abcd", 60)
	last := Ruling{}
	for i := range 5000 {
		last = r.Rule(&c.Agents[0], "x/"+strings.Repeat("y", i%50)+name[i%7:])
	}
	if last.Kind != Unjudged || last.Reason != reasonWork || last.Allowed() {
		t.Errorf("the last ruling is %s (%s)", last.Kind, last.Reason)
	}
}
