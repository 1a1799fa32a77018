package ownership

// A Ruler answers for many paths. It keeps what it learns from each, so it is
// fast, and not safe for concurrent use: make one for each judgement.
type Ruler struct {
	contract *Contract
	hits     []Hit // by a claim's number
	machine  *automaton
	agents   map[string]int
	agent    *Agent // of the question before
	position int
}

// Reasons of an Unjudged ruling.
const (
	reasonPath = "git cannot hold a file at this path"
	reasonWork = "judging this path took too many steps: the contract's wildcards and the changed paths multiply"
)

// Ruler compiles the contract's claims.
func (c *Contract) Ruler() *Ruler {
	r := &Ruler{contract: c, agents: map[string]int{}}
	t := newTrie()
	for i := range c.Agents {
		a := &c.Agents[i]
		r.agents[a.Name] = i + 1
		r.deny(t, a.Never, Hit{Role: RoleNever, Agent: a.Name})
	}
	for i := range c.Classes {
		r.deny(t, c.Classes[i].Paths, Hit{Role: RoleClass, Class: &c.Classes[i]})
	}
	for i := range c.Agents {
		r.allow(t, c.Agents[i].Owns, Hit{Role: RoleOwns, Agent: c.Agents[i].Name})
	}
	r.allow(t, c.Shared, Hit{Role: RoleShared})
	for i := range c.Interfaces {
		r.deny(t, c.Interfaces[i].Paths, Hit{Role: RoleInterface, Interface: &c.Interfaces[i]})
	}
	r.machine = newAutomaton(t)
	return r
}

// allow adds claims that compare bytes.
func (r *Ruler) allow(t *trie, claims []Claim, h Hit) {
	for i := range claims {
		t.insert(exactRoot, claims[i].Pattern, r.number(&claims[i], h))
	}
}

// deny adds claims that compare folded text, and bytes too, where that can
// match what the fold does not: a wildcard may take one half of what composes.
func (r *Ruler) deny(t *trie, claims []Claim, h Hit) {
	for i := range claims {
		n, p := r.number(&claims[i], h), claims[i].Pattern
		t.insert(foldedRoot, p.folded(), n)
		if !p.plain() {
			t.insert(exactRoot, p, n)
		}
	}
}

// number gives a claim its number. They rise with the order of hits.
func (r *Ruler) number(c *Claim, h Hit) int32 {
	h.Claim = c
	r.hits = append(r.hits, h)
	return int32(len(r.hits) - 1) //nolint:gosec // bounded by the contract's size
}

// Rule answers for an agent and a path. A nil agent, and one that is not of
// this contract, owns nothing.
func (r *Ruler) Rule(a *Agent, path string) Ruling {
	found := r.machine.find(path)
	if found == nil {
		return Ruling{Path: path, Reason: r.machine.failed}
	}
	if a != r.agent {
		r.agent, r.position = a, 0
		if a != nil {
			r.position = r.agents[a.Name]
		}
	}
	ruling := *r.ruling(found)
	ruling.Path = path
	return ruling
}

// ruling decides for a set of claims, and remembers it for the next path.
func (r *Ruler) ruling(found *claimSet) *Ruling {
	if found.ruling != nil && found.position == r.position {
		return found.ruling
	}
	var a *Agent
	if r.position > 0 {
		a = &r.contract.Agents[r.position-1]
	}
	hits := make([]Hit, len(found.claims))
	for i, n := range found.claims {
		hits[i] = r.hits[n]
	}
	ruling := decide(a, hits)
	found.ruling, found.position = &ruling, r.position
	return &ruling
}

// Rule answers for one path. For many, use a Ruler.
func (c *Contract) Rule(a *Agent, path string) Ruling { return c.Ruler().Rule(a, path) }

// FirstMatch returns the first claim that matches a path byte for byte, or
// nil.
func FirstMatch(claims []Claim, path string) *Claim {
	for i := range claims {
		if claims[i].Pattern.Match(path) {
			return &claims[i]
		}
	}
	return nil
}

// FirstMatchFolded returns the first claim that matches a path byte for byte
// or after Fold, or nil. It is for lists that restrict.
func FirstMatchFolded(claims []Claim, path string) *Claim {
	folded := Fold(path)
	for i := range claims {
		if p := claims[i].Pattern; p.Match(path) || p.folded().Match(folded) {
			return &claims[i]
		}
	}
	return nil
}
