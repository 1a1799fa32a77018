package queue

import "slices"

// A batch that is being collected for a place in the tree.
type batch struct {
	plan    *plan
	below   []Member // what lies below
	under   []int    // the same, as positions
	in      []int    // entries, in order
	members []Member
	chance  Chance
	suspect bool
}

// group collects a batch for a place, in order, from the entries that are wanted there: as many as should be tested
// together, as long as the batch is likely enough to pass.
func (p *plan) group(at int, wanted func(*Entry) bool) []int {
	b := &batch{plan: p, below: p.below(at), chance: sure}
	b.under = p.positions(b.below)
	size, misses := p.size(), 0
	for _, i := range p.v.order {
		if len(b.in) >= size || misses > missesAllowed && len(b.in) > 0 {
			break
		}
		e := &p.lane.Entries[i]
		if !wanted(e) {
			continue
		}
		if !b.fits(i, e) {
			misses++
			continue
		}
		b.take(i, e, &size)
	}
	return b.in
}

// take puts an entry into the batch. The first one tells what kind of batch it is.
func (b *batch) take(i int, e *Entry, size *int) {
	if len(b.in) == 0 && b.plan.v.suspect[e.Number] {
		b.suspect = true
		*size = b.plan.lane.Policy.Batch
	}
	b.chance = b.with(i)
	b.in = append(b.in, i)
	b.members = append(b.members, e.member())
}

// with is how likely the batch passes with one more.
func (b *batch) with(i int) Chance {
	return b.chance.and(b.plan.v.chances[i]).and(b.plan.joins(i, b.in)).and(b.plan.joins(i, b.under))
}

// fits tells whether an entry may join: all it needs lies below, it conflicts with nothing there, no failed set would
// be tested again, and the batch stays likely enough.
func (b *batch) fits(i int, e *Entry) bool {
	m := e.member()
	if has(b.below, m.Number) || !b.served(e) || b.clashes(m) || b.tried(m) {
		return false
	}
	if len(b.in) == 0 {
		return true
	}
	floor := b.plan.manner.pool
	if b.suspect {
		floor = b.plan.manner.part
	}
	return b.plan.v.suspect[e.Number] == b.suspect && b.with(i) >= floor
}

// holds tells whether a pull request lies below, or is in the batch.
func (b *batch) holds(number int) bool { return has(b.below, number) || has(b.members, number) }

// served tells whether everything that an entry needs has landed, lies below, or is in the batch.
func (b *batch) served(e *Entry) bool {
	return !slices.ContainsFunc(e.Known.After, func(n Need) bool { return !n.met(b.plan.lane) && !b.holds(n.Number) })
}

// clashes tells whether a member is known not to merge with something below or in the batch.
func (b *batch) clashes(m Member) bool {
	return slices.ContainsFunc(b.plan.v.clashes[m.Number], func(k int) bool {
		other, ours := b.plan.v.pairs[k].other(m)
		return ours && b.holds(other.Number)
	})
}

// tried tells whether a failed set would be complete again with one more member.
func (b *batch) tried(m Member) bool {
	return slices.ContainsFunc(b.plan.lane.Failed, func(s FailedSet) bool {
		return slices.Contains(s.Members, m) && !slices.ContainsFunc(s.Members, func(o Member) bool {
			return o != m && !b.holds(o.Number)
		})
	})
}
