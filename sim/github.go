package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Options says how a simulated GitHub runs. The zero value works.
type Options struct {
	// Dir holds the bare repositories. Empty: a temporary folder that Close removes.
	Dir string
	// Addr is where to listen; empty means a free port on 127.0.0.1.
	Addr string
	// Seed makes tokens, identifiers and faults; equal seeds give equal ones.
	Seed int64
	// Now stamps everything and decides what has expired. Nil means time.Now.
	Now func() time.Time
	// Log receives what goes wrong inside the simulator. Nil discards it.
	Log *slog.Logger
	// KeyBits is the size of the Apps' private keys; 0 means 2048. Tests may
	// take 1024, which is ten times as fast.
	KeyBits int
	// RateLimit is the number of requests an hour for each credential; 0 means 5,000.
	RateLimit int
	// HookTimeout ends a webhook delivery; 0 means GitHub's 10 s.
	HookTimeout time.Duration
	// Before is called with each API or git request before it has any effect.
	// It may be called from several goroutines. It may read Events, and must not
	// call back into verbs.
	Before func(Exchange)
	// Observe is called with each API or git exchange after it was answered, and
	// with each webhook delivery after it was attempted (Exchange.Hook is set).
	// Of what git transfers, it sees the first 64 KiB each way.
	Observe func(Exchange)
}

// Exchange is one request and, once there is one, its answer.
type Exchange struct {
	N              int    // counts the requests, from 1; deliveries are not counted
	Hook           string // event name of a webhook delivery; empty for requests to GitHub
	Method, Path   string // Path is escaped, without the /api/v3 prefix and the query
	Query          string
	Route          string // "GET /repos/{owner}/{repo}"; "git upload-pack"; empty when unknown
	RequestHeader  http.Header
	RequestBody    []byte
	Status         int // 0: the connection was cut, or nothing was answered yet
	ResponseHeader http.Header
	ResponseBody   []byte
	Fault          string // the fault that hit this exchange, if any
}

// GitHub is a running simulator. Its methods are safe for concurrent use.
type GitHub struct {
	o       Options
	url     string
	tempDir string // removed by Close; empty when the caller owns Dir
	server  *http.Server
	client  *http.Client // delivers webhooks
	routes  []route
	work    sync.WaitGroup
	ctx     context.Context // ends with Close; owns workers and git children
	stop    context.CancelFunc
	closing sync.Once

	mu       sync.Mutex // guards everything below and all objects reachable from it
	ids      map[string]int64
	users    map[string]*User // by folded login
	repos    map[int64]*Repo
	names    map[string]*Repo // by folded owner/name, old names included
	apps     map[int64]*App
	keys     int // keys that were given to Apps
	ci       *CI // nil until StartCI
	installs map[int64]*Installation
	tokens   map[string]*token
	limits   map[string]*window
	faults   Faults
	draws    map[string]int // how often each fault key was drawn
	requests []Request
	unknown  []string
	events   []Event
	pending  int           // deliveries that are due and not yet attempted
	settled  chan struct{} // closed and replaced whenever pending falls
}

// Start runs a simulated GitHub until Close. It needs git on the PATH.
func Start(o Options) (*GitHub, error) {
	o = o.withDefaults()
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("simulate GitHub: git is needed on the PATH: %w", err)
	}
	tempDir := ""
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "agentplane-sim-")
		if err != nil {
			return nil, fmt.Errorf("simulate GitHub: make a folder for its repositories: %w", err)
		}
		o.Dir, tempDir = dir, dir
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("simulate GitHub: listen on %s: %w", o.Addr, err), removeAll(tempDir))
	}
	g := newGitHub(o)
	g.url, g.tempDir = "http://"+listener.Addr().String(), tempDir
	g.server = &http.Server{Handler: http.HandlerFunc(g.serve), ReadHeaderTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	g.work.Go(func() {
		if err := g.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("simulated github stopped listening", "err", err)
		}
	})
	return g, nil
}

func newGitHub(o Options) *GitHub {
	ctx, stop := context.WithCancel(context.Background())
	return &GitHub{
		o: o, ctx: ctx, stop: stop, routes: routes(),
		client: &http.Client{Timeout: o.HookTimeout, Transport: &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		ids: map[string]int64{}, users: map[string]*User{}, repos: map[int64]*Repo{}, names: map[string]*Repo{},
		apps: map[int64]*App{}, installs: map[int64]*Installation{}, tokens: map[string]*token{},
		limits: map[string]*window{}, draws: map[string]int{}, settled: make(chan struct{}),
	}
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.KeyBits == 0 {
		o.KeyBits = 2048
	}
	if o.RateLimit == 0 {
		o.RateLimit = 5000
	}
	if o.HookTimeout == 0 {
		o.HookTimeout = 10 * time.Second
	}
	return o
}

// URL is the address of the web site, without a slash at its end; repositories
// are cloned from below it.
func (g *GitHub) URL() string { return g.url }

// APIURL is the address of the REST API, with a slash at its end.
func (g *GitHub) APIURL() string { return g.url + "/api/v3/" }

// Close stops listening and delivering, ends all children and goroutines, and
// removes the repositories when Options.Dir was empty.
func (g *GitHub) Close() error {
	var err error
	g.closing.Do(func() {
		g.stop()
		err = g.server.Close()
		g.work.Wait()
		g.client.CloseIdleConnections()
		for _, r := range g.repos {
			r.objects.close()
		}
		err = errors.Join(err, removeAll(g.tempDir))
	})
	return err
}

func removeAll(dir string) error {
	if dir == "" {
		return nil
	}
	return os.RemoveAll(dir)
}

// nextID counts per kind. Kinds start apart, so that an identifier of one kind
// taken for another is not found instead of being mistaken.
func (g *GitHub) nextID(kind string) int64 {
	if g.ids[kind] == 0 {
		sum := sha256.Sum256([]byte(fmt.Sprintf("%d/%s", g.o.Seed, kind)))
		g.ids[kind] = 10_000 + int64(binary.BigEndian.Uint32(sum[:4])%900_000)*100
	}
	g.ids[kind]++
	return g.ids[kind]
}

// secret is a reproducible stand-in for a random string: hex digits of a hash
// over the seed, the kind and a counter.
func (g *GitHub) secret(kind string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d/%s/%d", g.o.Seed, kind, g.nextID("secret/"+kind))))
	return hex.EncodeToString(sum[:])
}

// now is Options.Now in UTC and whole seconds, as GitHub's stamps are.
func (g *GitHub) now() time.Time { return g.o.Now().UTC().Truncate(time.Second) }

func (g *GitHub) repoDir(id int64) string {
	return filepath.Join(g.o.Dir, fmt.Sprintf("%d.git", id))
}
