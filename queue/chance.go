package queue

// A Chance is a probability in parts per million. Whole numbers make the planner the same on every machine.
type Chance int64

const sure Chance = 1_000_000

// and is the chance that both happen.
func (c Chance) and(other Chance) Chance { return c * other / sure }

// not is the chance of the opposite.
func (c Chance) not() Chance { return sure - c }

// What is believed before anything was seen: one entry in ten fails, and that belief weighs as much as six entries.
const (
	priorFailure = sure / 10
	priorWeight  = 6
	evidence     = 5          // so many times less often an entry fails when CI has seen the commands pass on its head
	neverCertain = sure / 200 // nothing fails less often than this
	neverLost    = sure / 10  // nothing passes less often than this
)

// ownChance is how likely an entry passes by itself: by its agent's record, five times less likely to fail when CI has
// seen the commands pass on this head, and hardly ever when a candidate with it has passed already. In the record, an
// entry with such evidence was a fifth of an opportunity to fail.
func (e *Entry) ownChance() Chance {
	if e.Proven {
		return neverCertain.not()
	}
	plain, observed := e.Known.Record.Plain.bounded(), e.Known.Record.Observed.bounded()
	failed := Chance(plain.Failed + observed.Failed)
	opportunities := (priorWeight+Chance(plain.Passed+plain.Failed))*evidence + Chance(observed.Passed+observed.Failed)
	fails := min((failed*sure+priorFailure*priorWeight)*evidence/opportunities, neverLost.not())
	if e.Known.Observed {
		fails /= evidence
	}
	return max(fails, neverCertain).not()
}

// agedChance is ownChance, less what has landed since that the entry was not written on.
func (l *Lane) agedChance(e *Entry) Chance {
	breaks := breaksRarely
	if e.Known.Interface {
		breaks = breaksOften
	}
	since := Chance(max(0, min(l.Landed-e.Saw, 50)))
	return e.ownChance().and(sure - since*breaks)
}

// How often an entry breaks with one that landed after it was written, over all kinds of others; often when it changes
// an interface.
const (
	breaksRarely = sure / 700
	breaksOften  = sure / 80
)

// How often two entries that merge still break each other: rarely when they are disjoint, more often in one subsystem,
// most often when one changes an interface there.
const (
	apartFine          = sure - sure/20_000
	togetherFine       = sure - sure/250
	interfaceApartFine = sure - sure/100
	interfaceFine      = sure - sure/25
)

// pairChance is how likely two entries go together.
func pairChance(a, b *Entry) Chance {
	changes := a.Known.Interface || b.Known.Interface
	switch near := shares(a.Known.Groups, b.Known.Groups); {
	case near && changes:
		return interfaceFine
	case near:
		return togetherFine
	case changes:
		return interfaceApartFine
	}
	return apartFine
}

// shares tells whether two lists have a common element. An entry whose subsystems are not known may be anywhere.
func shares(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// suspicion is how likely the members of a failed set pass, given that the set did not: fails/(1-passes) is Bayes' rule
// for independent members.
func suspicion(own []Chance) []Chance {
	all := sure
	for _, c := range own {
		all = all.and(c)
	}
	out := make([]Chance, len(own))
	for i, c := range own {
		out[i] = max(0, min(sure, c.not()*sure/max(1, all.not()))).not()
	}
	return out
}
