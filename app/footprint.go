package app

import (
	"context"
	"slices"
	"sync"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
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
func (r *reader) footprint(ctx context.Context, c *ownership.Contract, touched *checks.Touched, head string) (footprint, error) {
	if touched == nil || touched.Refused != nil {
		return footprint{unknown: true}, nil
	}
	m := footprint{}
	ruler := c.Ruler()
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
	if m.symbols, err = readSymbols(ctx, r.mirror, shared, touched.Bases, head); err != nil {
		return footprint{}, err
	}
	for _, in := range c.Interfaces {
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

// readSymbols reads the texts of the paths where the branch left the target, and at the head.
func readSymbols(ctx context.Context, mirror *git.Repo, paths, bases []string, head string) ([]checks.Symbols, error) {
	_ = bases
	old, err := mirror.ShowAll(ctx, bases[0], paths...)
	if err != nil {
		return nil, err
	}
	now, err := mirror.ShowAll(ctx, head, paths...)
	if err != nil {
		return nil, err
	}
	var all []checks.Symbols
	for _, p := range paths {
		all = append(all, checks.Symbols{Path: p, OldText: string(old[p].Data), NewText: string(now[p].Data), Refused: "they were not looked for"})
	}
	return all, nil
}
