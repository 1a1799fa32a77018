package queue

import (
	"fmt"
	"slices"
	"testing"
)

// TestWorlds plays many worlds.
func TestWorlds(t *testing.T) {
	const parts = 4
	for part := range uint64(parts) {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for seed := part; seed < worlds(); seed += parts {
				if problem := play(seed); problem != "" {
					t.Fatalf("seed %d: %s", seed, problem)
				}
			}
		})
	}
}

// play plays one world to its end, and tells what went wrong.
func play(seed uint64) (problem string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case broken:
			problem = r.text
		default:
			panic(r)
		}
	}()
	w := newWorld(seed)
	for range 40 + w.rng.IntN(120) {
		w.act()
	}
	w.calm()
	return ""
}

// A logged event is one with what it caused.
type logged struct {
	event   Event
	effects []Effect
}

// String is an event with the keys of its effects.
func (l logged) String() string {
	text := fmt.Sprintf("%T%+v\n", l.event, l.event)
	for _, f := range l.effects {
		text += "    " + f.Key() + "\n"
	}
	return text
}

// copied is a lane that shares nothing with another that a step could reach.
func copied(l Lane) Lane {
	l.Entries, l.Candidates, l.Failed, l.Clashes = slices.Clone(l.Entries), slices.Clone(l.Candidates), slices.Clone(l.Failed), slices.Clone(l.Clashes)
	l.Merged, l.Done, l.Left = slices.Clone(l.Merged), slices.Clone(l.Done), slices.Clone(l.Left)
	l.Policy.Required = slices.Clone(l.Policy.Required)
	for i := range l.Entries {
		k := &l.Entries[i].Known
		k.After, k.Groups, k.Clashes = slices.Clone(k.After), slices.Clone(k.Groups), slices.Clone(k.Clashes)
	}
	for i := range l.Candidates {
		l.Candidates[i].Members, l.Candidates[i].Passed = slices.Clone(l.Candidates[i].Members), slices.Clone(l.Candidates[i].Passed)
	}
	for i := range l.Failed {
		l.Failed[i].Members, l.Failed[i].With = slices.Clone(l.Failed[i].Members), slices.Clone(l.Failed[i].With)
	}
	if l.Restart != nil {
		r := *l.Restart
		l.Restart = &r
	}
	return l
}
