package queue

import "slices"

// A manner is what the planner takes for worth a CI run, as chances. They were tuned with the simulation in this
// package's tests.
type manner struct {
	least    Chance // a candidate that is needed less often is not started
	pool     Chance // a batch passes at least this often
	part     Chance // the same for a part of a failed set: half of the time teaches most, nearly always is soonest
	doubtful Chance // below this, an entry is tested apart when there are more than can be
}

// The manners: when time comes first, also when more wait than may start, and when CI runs come first.
var (
	ordinary = manner{least: sure * 30 / 100, pool: sure * 60 / 100, part: sure * 50 / 100, doubtful: sure * 95 / 100}
	pressed  = manner{least: sure * 20 / 100, pool: sure * 60 / 100, part: sure * 50 / 100, doubtful: sure * 95 / 100}
	sparing  = manner{least: sure * 60 / 100, pool: sure * 80 / 100, part: sure * 95 / 100, doubtful: sure * 75 / 100}
)

const (
	suspectFast   = sure * 95 / 100 // a member of a failed set below this is a suspect, when time comes first
	suspectLean   = sure * 75 / 100 // the same when CI runs come first: others may be pooled at once
	worthKnowing  = sure * 25 / 100 // what testing a doubtful entry apart is worth, also when it cannot land from there
	nearlyCertain = sure * 80 / 100 // what lands at least this often is as good as the tip for testing an entry apart
	foregone      = sure * 85 / 100 // what passes more often teaches little: under pressure it waits until more are tested with it
	worthPooling  = sure * 90 / 100 // when CI runs come first, what is at least this likely waits until more are tested with it
)

// swamp is how many entries may wait for each candidate that may run, before saving CI runs costs more than it saves.
const swamp = 2

// choose is the manner for as many as wait now. Whoever wants few CI runs gets more when the lane is swamped: entries
// that wait long break with what lands meanwhile, which costs more of them.
func (p *plan) choose() manner {
	switch {
	case p.lane.Policy.Goal == Lean && p.waiting <= swamp*p.lane.Policy.Parallel:
		return sparing
	case p.crowded:
		return pressed
	}
	return ordinary
}

// sparing tells whether CI runs come first.
func (p *plan) sparing() bool { return p.manner == sparing }

// urgent tells whether an entry waits that gains nothing from being tested with what arrives meanwhile: one that is
// tested apart anyway, is not likely enough to pass, or has waited for long.
func (p *plan) urgent() bool {
	return slices.ContainsFunc(p.v.order, func(i int) bool {
		e := &p.lane.Entries[i]
		return !p.busy[e.Number] && !p.answered(e) && (p.v.suspect[e.Number] || p.v.chances[i] < worthPooling || p.lane.lingers(e))
	})
}

// early tells whether a test apart is so likely to pass that it should wait for more to be tested with it. Something is
// being tested meanwhile, so it does not wait for nothing; and nobody who is pressing waits for that.
func (p *plan) early(ground int, members []int) bool {
	return p.crowded && p.free < p.lane.Policy.Parallel && len(members) < p.lane.Policy.Batch &&
		!p.pressing(&p.lane.Entries[members[0]]) &&
		p.together(p.positions(p.below(ground)), members) > foregone
}

// pressing tells whether an entry goes by its place in the order and not by its chance: it has priority, or has waited
// too long.
func (p *plan) pressing(e *Entry) bool { return e.Priority > 0 || p.lane.patience(e, p.lane.Now) > 0 }

// due tells whether the first that waits is pressing, and is better tested apart. Then it goes before the likely, who
// might else keep every place for ever; one such test at a time, so that the likely keep the others.
func (p *plan) due() bool {
	if p.asides > 0 {
		return false
	}
	for _, i := range p.v.order {
		if e := &p.lane.Entries[i]; !p.busy[e.Number] && !p.answered(e) {
			return p.apart(e) && p.pressing(e)
		}
	}
	return false
}
