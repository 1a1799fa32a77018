package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Limits on what LostNames looks at and returns.
const (
	MaxLost     = 200     // names, of all files together
	MaxLostText = 1 << 20 // bytes of one side of a file
)

// How a name was lost.
const (
	lostRemoved = "removed"
	lostRenamed = "renamed"
	lostChanged = "changed"
)

// KindField is the kind of names that were found by their text, where ctags lists no definition.
const KindField = "field"

// LostNames returns the names that the changed files took away from those who use them, sorted by path and line, and
// one sentence about what could not be looked at, or "".
//
// A definition is lost when the new file has none of that kind and scope by its name. It is renamed when between the
// same neighbours, or with the same signature, stands one that is new; and it is changed when its signature, kind or
// scope is another one. Fields that ctags does not list, such as those of an object literal, are found by their text:
// see fieldsOf. One of them is lost when its name is nowhere in the new file's code. A name that is used for several
// things in a file is therefore seen as lost only with the last of them; the review of the interface stands all the
// same. Names that are too short or too common to be searched for are left out.
func LostNames(files ...Symbols) (lost []Lost, incomplete string) {
	for _, s := range files {
		if problem := s.problem(); incomplete == "" {
			incomplete = problem
		}
		lost = append(lost, s.lost()...)
	}
	slices.SortFunc(lost, compareLost)
	lost = slices.Compact(lost)
	if more := len(lost) - MaxLost; more > 0 {
		return lost[:MaxLost], fmt.Sprintf("%s more lost names were not looked for", thousands(more))
	}
	return lost, incomplete
}

func (s Symbols) problem() string {
	switch {
	case s.Refused != "":
		return fmt.Sprintf("The definitions of %s are not known: %s", code(s.Path), code(s.Refused))
	case len(s.OldText) > MaxLostText || len(s.NewText) > MaxLostText:
		return fmt.Sprintf("%s is too large to look for names in its text", code(s.Path))
	}
	return ""
}

func compareLost(a, b Lost) int {
	return cmp.Or(
		cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.How, b.How), cmp.Compare(a.Now, b.Now), cmp.Compare(a.Was, b.Was),
	)
}

// lost returns the lost names of one file.
func (s Symbols) lost() []Lost {
	var out []Lost
	defined := map[string]bool{}
	if s.Refused == "" {
		for _, d := range s.Old {
			defined[d.Name] = true
		}
		out = lostDefinitions(s.Old, s.New)
	}
	if len(s.OldText) <= MaxLostText && len(s.NewText) <= MaxLostText {
		out = append(out, lostFields(s.OldText, s.NewText, defined)...)
	}
	out = slices.DeleteFunc(out, func(l Lost) bool { return !telling(l.Name) })
	for i := range out {
		out[i].Path = s.Path
	}
	return out
}

// telling reports whether looking for a name says something: `id` and `type` are everywhere.
func telling(name string) bool {
	const shortest = 3
	return len(name) >= shortest && len(name) <= shownRunes && !commonWord(name)
}

// A place is where a definition stands: only what has the same place can be the same thing.
type definitionPlace struct{ kind, scope string }

// lostDefinitions compares what ctags lists on both sides. Scopes are taken from the outside in, so that what is in a
// renamed one is compared with what is in it under its new name.
func lostDefinitions(old, now []Definition) []Lost {
	inNew := map[string][]Definition{}
	for _, d := range now {
		inNew[d.Name] = append(inNew[d.Name], d)
	}
	groupsOld, groupsNew := grouped(old), grouped(now)
	places := make([]definitionPlace, 0, len(groupsOld))
	for p := range groupsOld {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b definitionPlace) int {
		return cmp.Or(cmp.Compare(len(a.scope), len(b.scope)), cmp.Compare(a.scope, b.scope), cmp.Compare(a.kind, b.kind))
	})
	var out []Lost
	renamed := map[string]string{}
	for _, p := range places {
		there := definitionPlace{p.kind, renamedScope(p.scope, renamed)}
		for _, l := range compareGroup(groupsOld[p], groupsNew[there]) {
			if l.How == lostRenamed {
				renamed[l.Name] = l.Now
			}
			if l.How == lostRemoved {
				l = movedInstead(l, p, inNew[l.Name])
			}
			out = append(out, l)
		}
	}
	return out
}

// renamedScope replaces, in a scope such as Post or Blog.Post, the names that were given another one.
func renamedScope(scope string, renamed map[string]string) string {
	if now, ok := renamed[scope]; ok {
		return now
	}
	parts := strings.Split(scope, ".")
	for i, part := range parts {
		parts[i] = cmp.Or(renamed[part], part)
	}
	return strings.Join(parts, ".")
}

// movedInstead says of a name that is gone from its place and stands in another that it changed.
func movedInstead(l Lost, from definitionPlace, elsewhere []Definition) Lost {
	if len(elsewhere) == 0 {
		return l
	}
	to := elsewhere[0]
	l.How, l.Was, l.Now = lostChanged, placed(from.kind, from.scope), placed(to.Kind, to.Scope)
	return l
}

func placed(kind, scope string) string {
	if scope == "" {
		return kind
	}
	return kind + " in " + scope
}

func grouped(defs []Definition) map[definitionPlace][]Definition {
	groups := map[definitionPlace][]Definition{}
	for _, d := range defs {
		p := definitionPlace{d.Kind, d.Scope}
		groups[p] = append(groups[p], d)
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b Definition) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name)) })
	}
	return groups
}

// compareGroup compares definitions of one kind and scope.
func compareGroup(old, now []Definition) []Lost {
	signatures := map[string][]string{}
	for _, d := range now {
		signatures[d.Name] = append(signatures[d.Name], d.Signature)
	}
	var out []Lost
	for _, d := range old {
		given, there := signatures[d.Name]
		if there && !slices.Contains(given, d.Signature) {
			out = append(out, Lost{Name: d.Name, Kind: d.Kind, How: lostChanged, Was: d.Signature, Now: given[0], Line: d.Line})
		}
	}
	for _, pair := range renames(old, now) {
		l := Lost{Name: pair.old.Name, Kind: pair.old.Kind, How: lostRemoved, Was: pair.old.Signature, Line: pair.old.Line}
		if pair.now != "" {
			l.How, l.Now = lostRenamed, pair.now
		}
		out = append(out, l)
	}
	return out
}

// A rename is a definition that is gone, and the name of the one that took its place, or "".
type rename struct {
	old Definition
	now string
}

// renames pairs what is gone with what is fresh: within the same gap between definitions that stayed, first those
// with one signature, then, where as many are gone as are fresh, in their order.
func renames(old, now []Definition) []rename {
	fresh := map[gap][]Definition{}
	for _, g := range gaps(now, old) {
		fresh[g.gap] = g.defs
	}
	var out []rename
	seen := map[string]bool{}
	for _, g := range gaps(old, now) {
		for _, r := range pairGap(g.defs, fresh[g.gap]) {
			if !seen[r.old.Name] {
				seen[r.old.Name] = true
				out = append(out, r)
			}
		}
	}
	return out
}

// A gap is what stands after a definition that is on both sides: the numberth of that name.
type gap struct {
	after  string
	number int
}

// A gapOf holds what stands in a gap on one side only.
type gapOf struct {
	gap
	defs []Definition
}

// gaps collects, in their order, the definitions whose names the other side lacks.
func gaps(defs, other []Definition) []gapOf {
	there, count := map[string]bool{}, map[string]int{}
	for _, d := range other {
		there[d.Name] = true
	}
	var out []gapOf
	at := gapOf{}
	for _, d := range defs {
		if !there[d.Name] {
			at.defs = append(at.defs, d)
			continue
		}
		if len(at.defs) > 0 {
			out = append(out, at)
		}
		count[d.Name]++
		at = gapOf{gap: gap{after: d.Name, number: count[d.Name]}}
	}
	if len(at.defs) > 0 {
		out = append(out, at)
	}
	return out
}

func pairGap(gone, fresh []Definition) []rename {
	out := make([]rename, len(gone))
	bySignature := map[string][]int{}
	for k, f := range fresh {
		bySignature[f.Signature] = append(bySignature[f.Signature], k)
	}
	taken := make([]bool, len(fresh))
	for i, d := range gone {
		out[i].old = d
		if alike := bySignature[d.Signature]; d.Signature != "" && len(alike) > 0 {
			out[i].now, taken[alike[0]] = fresh[alike[0]].Name, true
			bySignature[d.Signature] = alike[1:]
		}
	}
	if len(gone) != len(fresh) {
		return out
	}
	next := 0
	for i := range out {
		if out[i].now != "" {
			continue
		}
		for taken[next] {
			next++
		}
		out[i].now, taken[next] = fresh[next].Name, true
	}
	return out
}
