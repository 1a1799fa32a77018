package queue

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// A team is a workload of the simulation.
type team struct {
	Name    string
	PerHour float64
	Workers int
	Test    float64 // minutes, in the mean
	Fails   float64 // an agent's mean share of failures, before evidence
	Hours   float64
}

// A change is a pull request of the simulation, with the truth about it.
type change struct {
	id       int
	at       float64 // minutes
	groups   []int
	iface    bool
	after    int // the change it depends on; -1 for none
	agent    int
	observed bool
	bad      bool
	landed   float64 // 0 until it has landed
	gone     bool    // ejected, or left with what it depends on
}

// A simulation is a workload, a strategy, and what came of it. Nobody but the oracle looks at what is bad.
type simulation struct {
	team    team
	rng     *rand.Rand
	now     float64
	events  agenda
	changes []*change
	trunk   []int // what has landed, in order
	busy    int
	seed    uint64
	plan    strategy

	runs, aborted, ejected, wrongly, untested int
}

// A strategy is told what happens, and starts runs.
type strategy interface {
	arrive(*change)
	free() // something ended; there may be room
}

// A run is one test of one content.
type run struct {
	ends   func(pass bool)
	pass   bool
	cancel bool
}

// A moment is something that happens.
type moment struct {
	at   float64
	turn int
	do   func()
}

type agenda struct {
	all  []moment
	turn int
}

func (a *agenda) Len() int { return len(a.all) }
func (a *agenda) Less(i, j int) bool {
	return a.all[i].at < a.all[j].at || a.all[i].at == a.all[j].at && a.all[i].turn < a.all[j].turn
}
func (a *agenda) Swap(i, j int) { a.all[i], a.all[j] = a.all[j], a.all[i] }
func (a *agenda) Push(m any)    { a.all = append(a.all, m.(moment)) }
func (a *agenda) Pop() any {
	last := a.all[len(a.all)-1]
	a.all = a.all[:len(a.all)-1]
	return last
}

func (s *simulation) in(minutes float64, do func()) {
	s.events.turn++
	heap.Push(&s.events, moment{s.now + minutes, s.events.turn, do})
}

// simulate plays a workload with a strategy.
func simulate(t team, seed uint64, with func(*simulation) strategy) *simulation {
	s := &simulation{team: t, rng: rand.New(rand.NewPCG(seed, 77)), seed: seed}
	s.workload()
	s.plan = with(s)
	for _, c := range s.changes {
		s.in(c.at, func() { s.plan.arrive(c) })
	}
	for s.events.Len() > 0 && s.now < t.Hours*60 {
		m := heap.Pop(&s.events).(moment)
		s.now = m.at
		m.do()
	}
	return s
}

const (
	agentsInTeam = 12
	groupsInRepo = 20
)

// workload draws the changes: Poisson arrivals, groups by Zipf's law, agents of different skill.
func (s *simulation) workload() {
	rng := rand.New(rand.NewPCG(s.seed, 5))
	skill := make([]float64, agentsInTeam)
	for i := range skill {
		skill[i] = beta(rng, s.team.Fails*6, (1-s.team.Fails)*6)
	}
	for at := rng.ExpFloat64() * 60 / s.team.PerHour; at < s.team.Hours*60; at += rng.ExpFloat64() * 60 / s.team.PerHour {
		c := &change{id: len(s.changes), at: at, groups: []int{zipf(rng)}, iface: rng.Float64() < 0.1, after: -1, agent: rng.IntN(agentsInTeam), observed: rng.Float64() < 0.6}
		if rng.Float64() < 0.1 {
			c.groups = append(c.groups, zipf(rng))
		}
		if rng.Float64() < 0.15 && c.id > 0 {
			c.after = max(0, c.id-1-rng.IntN(5))
		}
		p := skill[c.agent]
		if c.observed {
			p /= 5
		}
		c.bad = rng.Float64() < p
		s.changes = append(s.changes, c)
	}
}

// zipf draws a group: the k-th is drawn in proportion to k^-0.8.
func zipf(rng *rand.Rand) int {
	sum := 0.0
	for k := 1; k <= groupsInRepo; k++ {
		sum += math.Pow(float64(k), -0.8)
	}
	x := rng.Float64() * sum
	for k := 1; k <= groupsInRepo; k++ {
		if x -= math.Pow(float64(k), -0.8); x <= 0 {
			return k
		}
	}
	return groupsInRepo
}

// beta draws from a Beta distribution, by two Gamma draws (Marsaglia and Tsang).
func beta(rng *rand.Rand, a, b float64) float64 {
	x, y := gamma(rng, a), gamma(rng, b)
	return x / (x + y)
}

func gamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(rng, shape+1) * math.Pow(rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for {
		x := rng.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// clash tells whether two changes break each other, by their kinds.
func (s *simulation) clash(a, b *change) bool {
	near := slices.ContainsFunc(a.groups, func(g int) bool { return slices.Contains(b.groups, g) })
	p := 0.00005
	switch changes := a.iface || b.iface; {
	case near && changes:
		p = 0.04
	case near:
		p = 0.004
	case changes:
		p = 0.01
	}
	lo, hi := uint64(min(a.id, b.id)), uint64(max(a.id, b.id))
	return float64(mix(s.seed+mix(lo<<32|hi))>>11)/(1<<53) < p
}

// mix scatters a number (the finalizer of SplitMix64), so that a pair's fate is drawn without being stored.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fine tells whether changes work on a content that works. A change was written on what had landed when it arrived, so
// it can break only with what came after.
func (s *simulation) fine(below, added []int) bool {
	content := slices.Clone(below)
	for _, id := range added {
		c := s.changes[id]
		if c.bad || s.clashes(content, c) {
			return false
		}
		content = append(content, id)
	}
	return true
}

func (s *simulation) clashes(content []int, c *change) bool {
	for i := len(content) - 1; i >= 0; i-- {
		o := s.changes[content[i]]
		if o.landed > 0 && o.landed <= c.at {
			return false
		}
		if s.clash(o, c) {
			return true
		}
	}
	return false
}

// start tests a content on a worker.
func (s *simulation) start(pass bool, ends func(pass bool)) *run {
	s.busy++
	s.runs++
	r := &run{pass: pass, ends: ends}
	sigma := math.Sqrt(math.Log(1 + 0.3*0.3))
	s.in(s.team.Test*math.Exp(sigma*s.rng.NormFloat64()-sigma*sigma/2), func() {
		if !r.cancel {
			s.busy--
			r.ends(r.pass)
		}
	})
	return r
}

// stop ends a run before its time.
func (s *simulation) stop(r *run) {
	if r != nil && !r.cancel {
		r.cancel = true
		s.busy--
		s.aborted++
	}
}

// land moves changes onto the trunk, and counts what does not work there.
func (s *simulation) land(ids ...int) {
	if !s.fine(s.trunk, ids) {
		s.untested++
	}
	s.trunk = append(s.trunk, ids...)
	for _, id := range ids {
		s.changes[id].landed = s.now
	}
}

// eject takes a change out, with all that depend on it, and counts whether that was right.
func (s *simulation) eject(id int) (with []int) {
	c := s.changes[id]
	if !c.bad && !s.clashes(s.trunk, c) {
		s.wrongly++
	}
	s.ejected++
	c.gone = true
	with = []int{id}
	for _, o := range s.changes {
		if o.after >= 0 && s.changes[o.after].gone && !o.gone && o.landed == 0 {
			o.gone = true
			with = append(with, o.id)
		}
	}
	return with
}

// served tells whether what a change depends on is in a content.
func (s *simulation) served(c *change, content ...[]int) bool {
	if c.after < 0 || s.changes[c.after].landed > 0 {
		return true
	}
	return slices.ContainsFunc(content, func(ids []int) bool { return slices.Contains(ids, c.after) })
}

// lost tells whether a change can never land, because what it depends on has left.
func (s *simulation) lost(c *change) bool {
	if c.after >= 0 && s.changes[c.after].gone {
		c.gone = true
	}
	return c.gone
}

// A result is what is reported of a simulation.
type result struct {
	P50, P95, P99            float64 // minutes from arrival to landing
	PerHour                  float64
	Runs                     float64 // per landed change
	Aborted                  float64 // per landed change
	Untested, Wrong, Waiting int
}

// result leaves out the first tenth, in which the queue fills.
func (s *simulation) result() result {
	var took []float64
	r := result{Untested: s.untested, Wrong: s.wrongly}
	for _, c := range s.changes {
		switch {
		case c.landed > 0 && c.at > s.team.Hours*6:
			took = append(took, c.landed-c.at)
		case c.landed == 0 && !c.gone && c.at < s.now:
			r.Waiting++
		}
	}
	slices.Sort(took)
	at := func(q float64) float64 {
		if len(took) == 0 {
			return math.Inf(1)
		}
		return took[int(q*float64(len(took)-1))]
	}
	landed := math.Max(1, float64(len(s.trunk)))
	r.P50, r.P95, r.P99 = at(0.5), at(0.95), at(0.99)
	r.PerHour, r.Runs, r.Aborted = float64(len(s.trunk))/s.team.Hours, float64(s.runs)/landed, float64(s.aborted)/landed
	return r
}

// String is the result as one line.
func (r result) String() string {
	return fmt.Sprintf("p50 %5.1f p95 %6.1f p99 %6.1f  %5.1f/h  runs %.2f aborted %.2f  waiting %d untested %d wrong %d",
		r.P50, r.P95, r.P99, r.PerHour, r.Runs, r.Aborted, r.Waiting, r.Untested, r.Wrong)
}
