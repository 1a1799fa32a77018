package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
)

// footprint is what one pull request touches, as far as its neighbors care.
type footprint struct {
	paths   []string
	symbols []checks.Symbols // of the interface paths among them
	changes []checks.InterfaceChange
	unknown bool // what it touches could not be computed
}

// footprint reads the definitions of the interface paths that were touched: as they were where the branch left the target,
// and as the head has them.
func (t tree) footprint(ctx context.Context) (footprint, error) {
	touched := t.touched
	if touched == nil || touched.Refused != nil {
		return footprint{unknown: true}, nil
	}
	m := footprint{}
	ruler := t.contract.Ruler()
	var shared []string
	of := map[string][]string{}
	for _, change := range touched.Changes {
		m.paths = append(m.paths, change.Path)
		interfaces := ruler.Rule(nil, change.Path).Interfaces
		for _, in := range interfaces {
			of[in.Name] = append(of[in.Name], change.Path)
		}
		if len(interfaces) > 0 && !slices.Contains(shared, change.Path) {
			shared = append(shared, change.Path)
		}
	}
	if len(shared) == 0 {
		return m, nil
	}
	var err error
	if m.symbols, err = readSymbols(ctx, t.repo, shared, touched.Bases, t.commits.Head); err != nil {
		return footprint{}, err
	}
	for _, in := range t.contract.Interfaces {
		if paths := of[in.Name]; len(paths) > 0 {
			mine := slices.DeleteFunc(slices.Clone(m.symbols), func(s checks.Symbols) bool { return !slices.Contains(paths, s.Path) })
			lost, _ := checks.LostNames(mine...)
			m.changes = append(m.changes, checks.InterfaceChange{Interface: in.Name, Paths: paths, Lost: lost})
		}
	}
	return m, nil
}

// markKey names a footprint: what is touched depends on both commits and on the contract.
type markKey struct {
	repo                 int64
	contract, base, head string
}

// marks remembers footprints, so that one push does not mean reading every neighbor again. It is safe for concurrent use.
type marks struct {
	mu    sync.Mutex
	known map[markKey]footprint
	order []markKey // oldest first
}

// maxMarks bounds the memory: a footprint holds the touched paths of one pull request.
const maxMarks = 256

func newMarks() *marks { return &marks{known: map[markKey]footprint{}} }

func (m *marks) get(k markKey) (footprint, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.known[k]
	return f, ok
}

func (m *marks) put(k markKey, f footprint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[k]; !ok {
		m.order = append(m.order, k)
	}
	m.known[k] = f
	for len(m.order) > maxMarks {
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

// maxDefining is how many changed paths of interfaces are looked into.
const maxDefining = 50

// readSymbols reads the paths where the branch left the target, and at the head: their texts, and what Universal Ctags finds
// defined in them. Where that cannot be had the facts say why.
func readSymbols(ctx context.Context, repo *git.Repo, paths, bases []string, head string) ([]checks.Symbols, error) {
	var all []checks.Symbols
	for _, path := range paths {
		all = append(all, checks.Symbols{Path: path})
	}
	if len(bases) == 0 {
		return refuse(all, "where the branch left the target is not known"), nil
	}
	for _, side := range []struct {
		commit string
		put    func(s *checks.Symbols, text string, defined []checks.Definition)
	}{
		{bases[0], func(s *checks.Symbols, text string, d []checks.Definition) { s.OldText, s.Old = text, d }},
		{head, func(s *checks.Symbols, text string, d []checks.Definition) { s.NewText, s.New = text, d }},
	} {
		files, err := repo.ShowAll(ctx, side.commit, paths...)
		var refused *git.RefusedError
		if errors.As(err, &refused) {
			return refuse(all, refused.Detail), nil
		}
		if err != nil {
			return nil, err
		}
		found, err := repo.Definitions(ctx, side.commit, paths[:min(len(paths), maxDefining)])
		if err != nil {
			return nil, err
		}
		for i := range all {
			d := found[all[i].Path]
			if d.Unknown != "" && files[all[i].Path].Mode != 0 {
				all[i].Refused = d.Why
			}
			if i >= maxDefining {
				all[i].Refused = "too many paths of interfaces changed"
			}
			side.put(&all[i], string(files[all[i].Path].Data), toDefinitions(d.Found))
		}
	}
	return all, nil
}

func refuse(all []checks.Symbols, why string) []checks.Symbols {
	for i := range all {
		all[i].Refused = why
	}
	return all
}

func toDefinitions(from []git.Definition) []checks.Definition {
	var list []checks.Definition
	for _, d := range from {
		list = append(list, checks.Definition{Name: d.Name, Kind: d.Kind, Scope: d.Scope, Signature: cmp.Or(d.Signature, d.Text), Line: d.Line})
	}
	return list
}
