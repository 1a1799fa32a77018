package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Options say where mirrors live and what they may cost.
type Options struct {
	// Root is an absolute directory for mirrors; it is created with mode 0700.
	Root string
	// Log takes warnings; nil discards them.
	Log *slog.Logger
	// AllowHTTP also allows http:// remotes on loopback hosts: the simulator.
	AllowHTTP bool
	// AllowUnlimited starts even where children cannot be given limits of
	// memory and processor time: a demonstration, never a server.
	AllowUnlimited bool
	// Hosts are the host[:port] remotes may have. Empty allows every host.
	Hosts []string
	// Proxy is an HTTP proxy for remotes; the environment's is never used.
	Proxy string
	// CAFile holds the certificates of a private GitHub Enterprise Server.
	CAFile string
	// Limits bound every repository; zero fields take their defaults.
	Limits Limits
}

// Mirrors is a set of bare mirrors under one directory. It is safe for
// concurrent use, and several processes may share the directory.
type Mirrors struct {
	options  Options
	x        *runner
	log      *slog.Logger
	warnings []string

	answers *answers
	client  *http.Client // asks for references

	mu     sync.Mutex
	states map[int64]*state
}

// state is what all handles of one mirror share.
type state struct {
	writer   chan struct{} // holds one token: who has it may write
	use      sync.RWMutex  // readers share it; deleting the mirror takes it whole
	mu       sync.Mutex
	suspects map[string]bool // judgements that already had a mirror deleted
	memory   memory
}

// Open checks git and the machine, and prepares the directory. It refuses
// where git is older than 2.38 and where children cannot be given limits.
func Open(ctx context.Context, o Options) (*Mirrors, error) {
	if !filepath.IsAbs(o.Root) {
		return nil, fmt.Errorf("open mirrors: directory %q is not absolute", o.Root)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	x, err := newRunner(o)
	if err != nil {
		return nil, fmt.Errorf("open mirrors: %w", err)
	}
	warnings, err := x.checkMachine(ctx)
	if err != nil {
		return nil, fmt.Errorf("open mirrors: %w", err)
	}
	if err := x.requireLimits(o.AllowUnlimited); err != nil {
		return nil, fmt.Errorf("open mirrors: %w", err)
	}
	client, err := newClient(o)
	if err != nil {
		return nil, fmt.Errorf("open mirrors: %w", err)
	}
	m := &Mirrors{options: o, x: x, log: o.Log, warnings: warnings, answers: newAnswers(), client: client, states: map[int64]*state{}}
	for _, w := range warnings {
		o.Log.WarnContext(ctx, "git on this machine", "warning", w)
	}
	if err := os.MkdirAll(m.scratchRoot(), 0o700); err != nil {
		return nil, fmt.Errorf("open mirrors: %w", err)
	}
	if err := os.Chmod(o.Root, 0o700); err != nil { //nolint:gosec // a directory needs its x bit
		return nil, fmt.Errorf("open mirrors: %w", err)
	}
	return m, m.sweep(time.Now().Add(-2 * x.limits.Fetch))
}

// Warnings are what an operator should know about git on this machine.
func (m *Mirrors) Warnings() []string { return m.warnings }

// checkMachine returns warnings, or why git cannot be used.
func (x *runner) checkMachine(ctx context.Context) ([]string, error) {
	var warnings []string
	_, warning, err := x.checkVersion(ctx)
	if err != nil {
		return nil, err
	}
	if warning != "" {
		warnings = append(warnings, warning)
	}
	if x.prlimit == "" {
		warnings = append(warnings, "prlimit(1) is missing: git runs without limits of memory and processor time")
	}
	return warnings, nil
}

// requireLimits refuses to serve where one pull request could take all memory.
func (x *runner) requireLimits(allowUnlimited bool) error {
	if x.prlimit == "" && !allowUnlimited {
		return errors.New("prlimit(1) is missing, so git could not be kept from using all memory; run on Linux and install util-linux")
	}
	return nil
}

func (m *Mirrors) scratchRoot() string { return filepath.Join(m.options.Root, "scratch") }

// sweep removes scratch repositories that a killed process left before t.
func (m *Mirrors) sweep(t time.Time) error {
	entries, err := os.ReadDir(m.scratchRoot())
	if err != nil {
		return fmt.Errorf("clear scratch repositories: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.ModTime().After(t) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(m.scratchRoot(), e.Name())); err != nil {
			return fmt.Errorf("clear scratch repositories: %w", err)
		}
	}
	return nil
}

// Remote is where a mirror comes from.
type Remote struct {
	// URL is https://host/owner/name.git, without credentials.
	URL string
	// Token returns a token for this repository alone; nil for none. It is
	// asked once per operation and is not kept.
	Token func(context.Context) (string, error)
}

// Repo is one repository: a mirror, or a developer's clone. It is safe for
// concurrent use.
type Repo struct {
	x        *runner
	m        *Mirrors // nil for a clone
	st       *state   // nil for a clone
	dir      string   // the mirror
	remote   Remote
	clone    clone // set for a clone
	maxPaths int
	warnings []string
}

// Repo returns the mirror of the repository with the numeric id. It is made
// on first use. The id alone names it: names change, and are reused.
func (m *Mirrors) Repo(id int64, r Remote) *Repo {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.states[id]
	if st == nil {
		st = &state{writer: make(chan struct{}, 1), suspects: map[string]bool{}, memory: memory{said: map[string]recollection{}}}
		m.states[id] = st
	}
	return &Repo{
		x: m.x, m: m, st: st, remote: r, maxPaths: m.x.limits.Paths,
		dir: filepath.Join(m.options.Root, strconv.FormatInt(id, 10)+".git"),
	}
}

// WithPaths returns the same repository with another limit on the paths a
// pull request may touch; 0 keeps the default.
func (r *Repo) WithPaths(limit int) *Repo {
	c := *r
	if limit > 0 {
		c.maxPaths = limit
	}
	return &c
}

// Warnings are what a developer should know about this clone and git here.
func (r *Repo) Warnings() []string { return r.warnings }
