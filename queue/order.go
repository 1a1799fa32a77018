package queue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Hold is what keeps an entry waiting. It is never the entry's end: when the hold is gone, it moves.
type Hold struct {
	Number int
	Kind   HoldKind
	On     []int    // the pull requests that it waits for; for a cycle, all of it in order
	Paths  []string // that would conflict
	Why    string
}

// A HoldKind is a sort of hold.
type HoldKind string

// The kinds of holds.
const (
	HoldLane       HoldKind = "lane"       // nothing moves
	HoldRest       HoldKind = "rest"       // GitHub asked for patience; nobody is told, which would ask more of it
	HoldJudgement  HoldKind = "judgement"  // not judged good at this head, by this contract
	HoldDependency HoldKind = "dependency" // something must land first, and is not on its way
	HoldCycle      HoldKind = "cycle"      // entries wait for each other
	HoldClash      HoldKind = "clash"      // it would conflict with one that goes first
)

// Plan tells in which order the entries would land, and what holds those that do not move. Every entry is in exactly one
// of the two, but for the target's, which is nobody's. What keeps the lane as a whole is not in it: see Statuses.
func Plan(l Lane) (order []Entry, holds []Hold) {
	v := look(&l)
	for _, i := range v.order {
		if l.Entries[i].Number != TargetNumber {
			order = append(order, l.Entries[i])
		}
	}
	for i := range l.Entries {
		if v.holds[i].Kind != "" && l.Entries[i].Number != TargetNumber {
			holds = append(holds, v.holds[i])
		}
	}
	return order, holds
}

// A view is an order of the entries with what it takes to find it. It is counted anew from a lane whenever it is needed.
type view struct {
	lane    *Lane
	at      map[int]int   // pull request to position in Entries
	flying  map[int]bool  // in a candidate, by pull request
	clashes map[int][]int // positions in pairs, by pull request
	pairs   []Clash       // predicted and seen
	chances []Chance      // of the entries, with what failed sets say
	suspect map[int]bool  // in a failed set, by pull request
	holds   []Hold        // by entry; a zero Kind is none
	visited []visit       // by entry
	stack   []int         // entries being visited
	depth   []int         // by entry: how long its chain of dependencies is
	taken   []bool        // by entry: in order
	order   []int         // entries that may move
}

// visit is how far the search for dependencies is with an entry.
type visit uint8

const (
	open visit = iota + 1
	done
)

// look finds the order: dependencies before what needs them, and otherwise by rank.
func look(l *Lane) *view {
	n := len(l.Entries)
	v := &view{lane: l, at: make(map[int]int, n), flying: map[int]bool{}, clashes: map[int][]int{}, suspect: map[int]bool{},
		chances: make([]Chance, n), holds: make([]Hold, n), visited: make([]visit, n), depth: make([]int, n), taken: make([]bool, n)}
	for i := range l.Entries {
		v.at[l.Entries[i].Number] = i
		v.chances[i] = l.agedChance(&l.Entries[i])
	}
	for i := range l.Candidates {
		for _, m := range l.Candidates[i].Members {
			v.flying[m.Number] = true
		}
	}
	v.suspects()
	v.pair()
	for _, i := range v.ranked() {
		v.visit(i)
	}
	return v
}

// suspects lowers the chances of the members of failed sets. One that is likely to be innocent, because it has passed by
// itself or others are much more likely to be the cause, is no suspect.
func (v *view) suspects() {
	suspicious := suspectFast
	if v.lane.Policy.Goal == Lean {
		suspicious = suspectLean
	}
	for _, s := range v.lane.Failed {
		own := make([]Chance, len(s.Members))
		for k, m := range s.Members {
			own[k] = sure
			if i, ok := v.at[m.Number]; ok {
				own[k] = v.lane.agedChance(&v.lane.Entries[i])
			}
		}
		for k, c := range suspicion(own) {
			if i, ok := v.at[s.Members[k].Number]; ok {
				v.chances[i] = min(v.chances[i], c)
				v.suspect[s.Members[k].Number] = v.suspect[s.Members[k].Number] || c < suspicious
			}
		}
	}
}

// pair collects the pairs of heads in the lane that do not merge.
func (v *view) pair() {
	v.pairs = slices.Clone(v.lane.Clashes)
	for i := range v.lane.Entries {
		v.pairs = append(v.pairs, v.lane.Entries[i].Known.Clashes...)
	}
	for k, c := range v.pairs {
		if v.here(c.A) && v.here(c.B) && c.A.Number != c.B.Number {
			v.clashes[c.A.Number] = append(v.clashes[c.A.Number], k)
			v.clashes[c.B.Number] = append(v.clashes[c.B.Number], k)
		}
	}
}

// here tells whether a pull request is in the lane at a head.
func (v *view) here(m Member) bool {
	i, ok := v.at[m.Number]
	return ok && v.lane.Entries[i].Head == m.Head
}

// A rank orders entries that do not depend on each other.
type rank struct {
	at       int
	flying   bool
	priority int
	patience int64 // how often it has ended
	round    int   // of its agent's entries, in fours: nobody fills the lane alone
	lingers  bool  // and few enough wait that this tells something
	chance   Chance
	arrival  int64
}

// ranked lists the entries by rank: what is in flight stays first, so that nothing is restarted; then priority, then
// who has waited too long, then agents in turns, then whose patience has ended more often, then who was left behind,
// then the likely ones, then who came first. When too many wait, most were left behind, and the likely ones go before
// them.
func (v *view) ranked() []int {
	turns := map[string]int{}
	calm := len(v.lane.Entries) <= (swamp+1)*v.lane.Policy.full().Parallel
	ranks := make([]rank, len(v.lane.Entries))
	for i := range v.lane.Entries {
		e := &v.lane.Entries[i]
		ranks[i] = rank{
			at: i, flying: v.flying[e.Number], priority: e.Priority, arrival: e.Arrival,
			patience: v.lane.patience(e, v.lane.Now), round: turns[e.Agent] / 4,
			lingers: calm && v.lane.lingers(e), chance: v.chances[i] / (sure / 20),
		}
		if e.Number != TargetNumber {
			turns[e.Agent]++
		}
	}
	slices.SortFunc(ranks, rank.compare)
	order := make([]int, len(ranks))
	for k, r := range ranks {
		order[k] = r.at
	}
	return order
}

// patience is how often an entry's patience has ended. More often goes first, or else those who are overdue would wait for
// ever where all are, and others are more likely to pass.
func (l *Lane) patience(e *Entry, now time.Time) int64 {
	return int64(now.Sub(e.Since) / l.Policy.full().Patience)
}

// lingers tells whether an entry has been here for so long that it was left behind, or is to be tested again. Every
// landing makes it less likely to pass.
func (l *Lane) lingers(e *Entry) bool { return l.Pace > 0 && l.Now.Sub(e.Since) >= l.lingering() }

// lingering is as long as a test takes, and a fifth.
func (l *Lane) lingering() time.Duration { return l.Pace + l.Pace/5 }

// compare is negative when a goes before b.
func (a rank) compare(b rank) int {
	return cmp.Or(first(a.flying, b.flying), cmp.Compare(b.priority, a.priority), first(a.patience > 0, b.patience > 0),
		cmp.Compare(a.round, b.round), cmp.Compare(b.patience, a.patience),
		first(a.lingers, b.lingers), cmp.Compare(b.chance, a.chance), cmp.Compare(a.arrival, b.arrival))
}

// first is negative when only a holds.
func first(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

// visit puts an entry into the order after everything that it needs, or holds it.
func (v *view) visit(i int) {
	if v.visited[i] != 0 {
		return
	}
	e := &v.lane.Entries[i]
	v.visited[i] = open
	v.stack = append(v.stack, i)
	hold := ownHold(v.lane, e)
	for _, n := range e.Known.After {
		if h := v.need(i, n); hold.Kind == "" {
			hold = h
		}
	}
	v.stack = v.stack[:len(v.stack)-1]
	v.visited[i] = done
	if hold.Kind == "" && v.depth[i] >= MaxDepth {
		hold = Hold{Number: e.Number, Kind: HoldDependency, Why: fmt.Sprintf("its chain of dependencies is longer than %d", MaxDepth)}
	}
	if hold.Kind == "" && v.holds[i].Kind == "" {
		hold = v.clash(e)
	}
	if v.holds[i].Kind == "" {
		v.holds[i] = hold
	}
	if v.holds[i].Kind == "" {
		v.taken[i] = true
		v.order = append(v.order, i)
	}
}

// need visits a dependency, and tells whether it holds the entry.
func (v *view) need(i int, n Need) Hold {
	e := &v.lane.Entries[i]
	if n.met(v.lane) {
		return Hold{}
	}
	hold := Hold{Number: e.Number, Kind: HoldDependency, On: []int{n.Number}}
	j, here := v.at[n.Number]
	switch {
	case n.Repo != "":
		hold.Why = fmt.Sprintf("#%d of another repository can never land here (%s)", n.Number, orElse(n.Why, "declared"))
		return hold
	case !here || n.Number == TargetNumber:
		hold.Why = v.absent(n)
		return hold
	}
	if v.visited[j] == open {
		return v.cycle(j)
	}
	v.visit(j)
	v.depth[i] = max(v.depth[i], v.depth[j]+1)
	if v.holds[j].Kind == "" {
		return Hold{}
	}
	hold.Why = fmt.Sprintf("waits for #%d, which is held", n.Number)
	return hold
}

// met tells whether a dependency needs nothing any more.
func (n Need) met(l *Lane) bool {
	return n.Repo == "" && (n.State == NeedMerged || l.merged(n.Number))
}

// absent says why a dependency that is not in the lane holds.
func (v *view) absent(n Need) string {
	why := orElse(n.Why, "declared")
	if n.State == NeedClosed {
		return fmt.Sprintf("needs #%d (%s), which was closed without landing", n.Number, why)
	}
	for i := range v.lane.Left {
		if d := &v.lane.Left[i]; d.Number == n.Number {
			return fmt.Sprintf("needs #%d (%s), which left the lane: %s", n.Number, why, d.Reason)
		}
	}
	return fmt.Sprintf("needs #%d (%s), which is not in the lane", n.Number, why)
}

// cycle holds everything on the stack from an entry on, and prints it from its smallest number.
func (v *view) cycle(from int) Hold {
	ring := v.stack[slices.Index(v.stack, from):]
	numbers := make([]int, len(ring))
	for k, i := range ring {
		numbers[k] = v.lane.Entries[i].Number
	}
	low := slices.Index(numbers, slices.Min(numbers))
	numbers = append(slices.Clone(numbers[low:]), numbers[:low]...)
	text := make([]string, 0, len(numbers)+1)
	for _, n := range append(slices.Clone(numbers), numbers[0]) {
		text = append(text, fmt.Sprintf("#%d", n))
	}
	hold := Hold{Kind: HoldCycle, On: numbers, Why: "waits for itself: " + strings.Join(text, " → ")}
	for _, i := range ring {
		hold.Number = v.lane.Entries[i].Number
		v.holds[i] = hold
	}
	return hold
}

// clash holds an entry that would conflict with one that goes first. What is in flight already is left to try.
func (v *view) clash(e *Entry) Hold {
	if v.flying[e.Number] {
		return Hold{}
	}
	for _, k := range v.clashes[e.Number] {
		other, _ := v.pairs[k].other(e.member())
		if v.taken[v.at[other.Number]] {
			why := fmt.Sprintf("would conflict with %s, which goes first", hash(other.Number))
			return Hold{Number: e.Number, Kind: HoldClash, On: []int{other.Number}, Paths: v.pairs[k].Paths, Why: why}
		}
	}
	return Hold{}
}

// ownHold is what holds an entry whatever else is in the lane.
func ownHold(l *Lane, e *Entry) Hold {
	why := ""
	switch j := e.Judgement; {
	case e.Carried || e.Number == TargetNumber:
	case j.Head != e.Head:
		why = "waits for the judgement of " + short(e.Head)
	case !j.Good:
		why = "is not in order: " + orElse(j.Why, "no reason given")
	case j.Contract != l.Policy.Contract:
		why = "waits to be judged by the contract as it is now"
	}
	if why != "" {
		return Hold{Number: e.Number, Kind: HoldJudgement, Why: why}
	}
	if len(e.Known.After) > MaxNeeds {
		return Hold{Number: e.Number, Kind: HoldDependency, Why: fmt.Sprintf("declares more than %d dependencies", MaxNeeds)}
	}
	return Hold{}
}
