package queue

import "slices"

// deepChain is how many candidates one on the other a batch is divided among: what fails below takes all above with it.
const deepChain = 3

// missesAllowed bounds how far a batch is searched for one more entry that fits.
const missesAllowed = 64

// A plan is a tree of candidates: the tip, what is being tested on it, and what could be tested next. A child assumes
// that its parent passes, and that its elder siblings fail.
type plan struct {
	lane    *Lane
	v       *view
	nodes   []node
	free    int  // candidates that may still start
	asides  int  // candidates that are tested apart
	waiting int  // entries that may move and are in no candidate
	crowded bool // they are more than may start
	manner  manner
	busy    map[int]bool // pull requests in a candidate, or planned for one
	probed  map[int]bool // pull requests that are tested apart, or on an older tip
}

// A node is a candidate, or one that is planned.
type node struct {
	parent  int
	id      string // "" for the tip, and for what is only planned
	commit  string // "" before it is built
	members []Member
	chance  Chance // to pass, when what it stands on does
	arrive  Chance // that it and all below pass, and elder siblings fail
	alone   Chance // that no child passes
	closed  bool   // nothing more can be put onto it
	fresh   bool   // planned now
	apart   bool   // nothing is stacked on it, and nothing assumes that it fails
}

// fill starts candidates while there is room and something worth a CI run. What was planned changes what is worth it, so
// it plans until a plan starts nothing.
func (w *work) fill() {
	for w.lane.stopped() == "" && w.start() {
		continue
	}
}

// start starts what one plan says, as far as it stands on something that is built. What stands on something that is not
// keeps its room. It tells whether it started anything.
func (w *work) start() bool {
	p := w.plan()
	for p.free > 0 && p.grow() {
		p.free--
	}
	started := false
	for _, n := range p.nodes {
		if base := p.nodes[n.parent]; n.fresh && base.commit != "" {
			c := newCandidate(w.serial(), base.id, base.commit, n.members)
			c.Apart, c.Method = n.apart, w.lane.Policy.Method
			w.lane.Candidates = append(w.lane.Candidates, c)
			w.emit(w.lane.build(&c))
			started = true
		}
	}
	w.seen = nil
	if !started {
		w.seen = p.v
	}
	return started
}

// plan draws the tree as it stands.
func (w *work) plan() *plan {
	l := &w.lane
	p := &plan{lane: l, v: look(l), free: l.Policy.Parallel, busy: map[int]bool{}, probed: map[int]bool{}}
	p.nodes = []node{{commit: l.Tip, chance: sure, arrive: sure, alone: sure}}
	p.draw()
	for _, i := range p.v.order {
		if !p.busy[l.Entries[i].Number] {
			p.waiting++
		}
	}
	p.crowded = p.waiting > min(p.free, deepChain)
	p.manner = p.choose()
	if running := l.Policy.Parallel - p.free; p.sparing() && running > 0 && p.waiting < min(l.Policy.Batch, 1+running) && !p.urgent() {
		p.free = 0 // what arrives meanwhile is tested together
	}
	return p
}

// draw hangs the lane's candidates into the tree. The one that is landing comes first: it is certain, and whatever
// assumes that it fails will be left behind.
func (p *plan) draw() {
	index := map[string]int{"": 0}
	hang := func(c *Candidate) {
		apart := c.Apart && c.running()
		index[c.ID] = p.add(node{parent: index[c.Base], id: c.ID, commit: c.Commit, members: c.Members, chance: p.passes(c), apart: apart})
	}
	if c := p.lane.landing(); c != nil {
		hang(c)
	}
	for i := range p.lane.Candidates {
		c := &p.lane.Candidates[i]
		if c.running() {
			p.free--
			if c.Apart {
				p.asides++
			}
		}
		for _, m := range c.Members {
			p.busy[m.Number] = true
			p.probed[m.Number] = p.probed[m.Number] || c.Apart || !p.lane.rooted(c)
		}
		if c.State != Landing && p.lane.rooted(c) {
			hang(c)
		}
	}
}

// add hangs a node into the tree, as the youngest child of its parent.
func (p *plan) add(n node) int {
	base := &p.nodes[n.parent]
	n.arrive = base.arrive.and(base.alone).and(n.chance)
	if n.alone = sure; n.apart {
		n.closed = true
	} else {
		base.alone = base.alone.and(n.chance.not())
	}
	p.nodes = append(p.nodes, n)
	return len(p.nodes) - 1
}

// passes is how likely a candidate passes, by what is known now.
func (p *plan) passes(c *Candidate) Chance {
	if !c.running() {
		return sure
	}
	below := p.positions(p.lane.content(c))
	own := len(p.positions(c.Members))
	return p.together(below[:len(below)-own], below[len(below)-own:])
}

// positions finds members in the lane.
func (p *plan) positions(members []Member) []int {
	at := make([]int, 0, len(members))
	for _, m := range members {
		if i, ok := p.v.at[m.Number]; ok {
			at = append(at, i)
		}
	}
	return at
}

// together is how likely entries pass as one batch on others that pass.
func (p *plan) together(below, entries []int) Chance {
	all := sure
	for k, i := range entries {
		all = all.and(p.joins(i, below)).and(p.joins(i, entries[:k])).and(p.v.chances[i])
	}
	return all
}

// joins is how likely an entry goes together with others.
func (p *plan) joins(i int, others []int) Chance {
	all := sure
	for _, j := range others {
		all = all.and(pairChance(&p.lane.Entries[i], &p.lane.Entries[j]))
	}
	return all
}

// grow plans the candidate that is worth most. It tells whether there is one.
func (p *plan) grow() bool {
	if p.due() && p.probe(p.pressing) {
		return true
	}
	for {
		best, value := p.best()
		if best >= 0 && value >= max(worthKnowing, p.manner.least) {
			if p.put(best) {
				return true
			}
			continue
		}
		if p.probe(anybody) {
			return true
		}
		if best < 0 || value < p.manner.least {
			return false
		}
		if p.put(best) {
			return true
		}
	}
}

// best finds the open place in the tree that is needed most likely, the oldest of equals.
func (p *plan) best() (at int, value Chance) {
	at = -1
	for i := range p.nodes {
		n := &p.nodes[i]
		if v := n.arrive.and(n.alone); !n.closed && v > value {
			at, value = i, v
		}
	}
	return at, value
}

// anybody is every entry.
func anybody(*Entry) bool { return true }

// put plans a candidate at a place, or closes the place.
func (p *plan) put(at int) bool {
	assumed := p.assumed(at)
	free := func(e *Entry) bool { return !assumed[e.Number] && !p.probed[e.Number] }
	members := p.group(at, func(e *Entry) bool { return free(e) && !p.apart(e) })
	if len(members) == 0 && p.idle() {
		members = p.group(at, free)
	}
	if len(members) == 0 {
		p.nodes[at].closed = true
		return false
	}
	p.hang(node{parent: at}, members)
	return true
}

// probe plans a candidate for those of the wanted that are better tested apart: on what is likely to land, so that it can
// land from there, or else on the tip. A failure is its own once what lies below has landed, and a pass makes it likely
// enough to be pooled.
func (p *plan) probe(wanted func(*Entry) bool) bool {
	ground := p.ground()
	members := p.group(ground, func(e *Entry) bool { return wanted(e) && !p.busy[e.Number] && p.apart(e) && !p.answered(e) })
	if len(members) == 0 || p.early(ground, members) {
		return false
	}
	p.asides++
	p.hang(node{parent: ground, apart: true}, members)
	return true
}

// idle tells whether nothing stands or is planned on the tip.
func (p *plan) idle() bool { return len(p.nodes) == 1 && p.free == p.lane.Policy.Parallel }

// ground is where an entry is tested apart: where it is likely enough to land from, or else the highest place that is
// certain to land: the tip, or what has passed on it.
func (p *plan) ground() int {
	if at := p.likely(); at >= 0 {
		return at
	}
	at := 0
	for i := range p.nodes {
		if n := &p.nodes[i]; i > 0 && n.parent == at && n.chance == sure && !n.apart && n.commit != "" {
			at = i
		}
	}
	return at
}

// likely is the place that is needed most likely, closed or not, the oldest of equals; -1 when none is nearly certain.
func (p *plan) likely() int {
	at, most := -1, nearlyCertain-1
	for i := range p.nodes {
		if v := p.nodes[i].arrive.and(p.nodes[i].alone); !p.nodes[i].apart && v > most {
			at, most = i, v
		}
	}
	return at
}

// answered tells whether a suspect's guilt may become known without a test of its own: all others of its failed set are
// being tested, or, where many wait, some are.
func (p *plan) answered(e *Entry) bool {
	m := e.member()
	return slices.ContainsFunc(p.lane.Failed, func(s FailedSet) bool {
		idle := slices.ContainsFunc(s.Members, func(o Member) bool { return o != m && !p.busy[o.Number] })
		tested := slices.ContainsFunc(s.Members, func(o Member) bool { return o != m && p.busy[o.Number] })
		return slices.Contains(s.Members, m) && (!idle || tested && p.crowded)
	})
}

// apart tells whether an entry is better tested apart: one of a failed set, and a doubtful one where many wait. A suspect
// that passes apart while others land is one still, and nobody else of its set is tested while it is. It does not pass like
// that for ever: when its patience has ended twice, it is tested where it can land.
func (p *plan) apart(e *Entry) bool {
	if p.v.suspect[e.Number] && e.Proven && p.lane.patience(e, p.lane.Now) > 1 {
		return false
	}
	return p.v.suspect[e.Number] || p.crowded && p.v.chances[p.v.at[e.Number]] < p.manner.doubtful
}

// hang adds a planned candidate to the tree.
func (p *plan) hang(n node, entries []int) {
	n.fresh, n.chance = true, p.together(p.positions(p.below(n.parent)), entries)
	for _, i := range entries {
		e := &p.lane.Entries[i]
		n.members = append(n.members, e.member())
		if !p.busy[e.Number] {
			p.busy[e.Number] = true
			p.waiting--
		}
	}
	p.add(n)
}

// below lists the members of a place and of all it stands on.
func (p *plan) below(at int) (members []Member) {
	for ; at > 0; at = p.nodes[at].parent {
		members = append(members, p.nodes[at].members...)
	}
	return members
}

// assumed lists the pull requests that are assumed to fail where a place gets another child: the members of the
// children it has, and of the elder siblings of all below.
func (p *plan) assumed(at int) map[int]bool {
	fail := map[int]bool{}
	elder := func(parent, before int) {
		for i := 1; i < before; i++ {
			if p.nodes[i].parent == parent {
				for _, m := range p.nodes[i].members {
					fail[m.Number] = true
				}
			}
		}
	}
	elder(at, len(p.nodes))
	for ; at > 0; at = p.nodes[at].parent {
		elder(p.nodes[at].parent, at)
	}
	return fail
}

// size is how many entries a batch should have: one while there is room for all, more the more there are.
func (p *plan) size() int {
	switch {
	case p.lane.Policy.Goal == Lean:
		return p.lane.Policy.Batch
	case !p.crowded:
		return 1
	}
	deep := min(deepChain, max(1, p.free))
	return min(p.lane.Policy.Batch, (p.waiting+deep-1)/deep)
}
