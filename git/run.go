package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// runner starts children. It is safe for concurrent use.
type runner struct {
	git      string // absolute path of git
	prlimit  string // absolute path of prlimit(1); "" where there is none
	path     string // PATH of children
	limits   Limits
	settings []setting
	slots    chan struct{}
}

// repoDir is where a child works.
type repoDir struct {
	git       string // GIT_DIR; "" for none
	alternate string // objects to read besides its own; "" for none
}

// command is one child to run.
type command struct {
	program  string // absolute path of another program than git, "" for git
	args     []string
	dir      repoDir
	cwd      string // "" means the root directory
	env      []string
	settings []setting
	protocol string   // the one protocol the child may talk, "" for none
	stdin    []byte   // handed over whole
	sink     sink     // takes stdout instead of the returned bytes
	secrets  []string // values cut out of messages
	transfer bool     // moves packs: Limits.Fetch instead of CPU and Wall
	brief    bool     // one file is looked at: briefCPU and briefWall instead of CPU and Wall
	silent   bool     // whatever it says on stderr is a failure
}

// What reading one file may take; a file of 1 MiB takes a tenth of a second.
const (
	briefCPU  = 2 * time.Second
	briefWall = 5 * time.Second
)

// name is the program and its sub-command, for messages.
func (c command) name() string {
	if c.program != "" {
		return filepath.Base(c.program)
	}
	return "git " + c.args[0]
}

// times are the processor and wall time of a child.
func (x *runner) times(c command) (cpu, wall time.Duration) {
	switch {
	case c.transfer:
		return x.limits.Fetch, x.limits.Fetch
	case c.brief:
		return min(briefCPU, x.limits.CPU), min(briefWall, x.limits.Wall)
	}
	return x.limits.CPU, x.limits.Wall
}

// sink takes a child's output as it comes. An error it returns kills the
// child and comes back from run unchanged.
type sink interface{ Write(p []byte) (int, error) }

// newRunner finds git and prlimit.
func newRunner(o Options) (*runner, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("find git: %w; install git %s or newer", err, minVersion)
	}
	if git, err = filepath.Abs(git); err != nil {
		return nil, fmt.Errorf("find git: %w", err)
	}
	x := &runner{git: git, prlimit: findPrlimit(), limits: o.Limits.withDefaults()}
	x.path = filepath.Dir(git) + string(filepath.ListSeparator) + "/usr/bin" + string(filepath.ListSeparator) + "/bin"
	x.slots = make(chan struct{}, x.limits.Children)
	if o.Proxy != "" {
		x.settings = append(x.settings, setting{"http.proxy", o.Proxy})
	}
	if o.CAFile != "" {
		x.settings = append(x.settings, setting{"http.sslCAInfo", o.CAFile})
	}
	return x, nil
}

// argv is the command line of a child under its limits. prlimit(1) sets them
// on itself and then becomes git, so no instruction of git runs without them.
// RLIMIT_NPROC is left alone: it counts every process of the user, ours too.
func (x *runner) argv(c command) []string {
	argv := append([]string{cmp.Or(c.program, x.git)}, c.args...)
	if x.prlimit == "" {
		return argv
	}
	took, _ := x.times(c)
	cpu := int64(took / time.Second)
	return append([]string{
		x.prlimit,
		fmt.Sprintf("--as=%d", x.limits.Memory),
		fmt.Sprintf("--cpu=%d:%d", max(cpu, 1), max(cpu, 1)+5),
		fmt.Sprintf("--fsize=%d", x.limits.Pack),
		fmt.Sprintf("--nofile=%d", maxOpen),
		"--core=0",
	}, argv...)
}

// run runs one child to its end and returns what it printed. A child that
// failed is a *childError; the end of ctx is ctx's error.
func (x *runner) run(ctx context.Context, c command) ([]byte, error) {
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to run %s: %w", c.name(), context.Cause(ctx))
	}
	_, wall := x.times(c)
	child, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	out := &output{max: x.limits.Output, next: c.sink, stop: cancel}
	said := &tail{secrets: c.secrets}
	err := x.start(child, c, out, said)
	if err == nil && c.silent && said.String() != "" {
		err = errors.New("it said that something is wrong")
	}
	switch {
	case out.err != nil:
		return nil, out.err
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", c.name(), context.Cause(ctx))
	case err == nil:
		return out.buf.Bytes(), nil
	}
	e := &childError{name: c.name(), stderr: said.String(), overflow: out.over, timeout: child.Err() != nil && !out.over, err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.code, e.signal = exit.ExitCode(), signalOf(exit)
	}
	e.stdout = out.buf.Bytes()
	return nil, e
}

func (x *runner) start(ctx context.Context, c command, out, said io.Writer) error {
	argv := x.argv(c)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = x.environ(c)
	cmd.Dir = c.cwd
	if cmd.Dir == "" {
		cmd.Dir = string(filepath.Separator)
	}
	cmd.Stdin = bytes.NewReader(c.stdin)
	cmd.Stdout, cmd.Stderr = out, said
	cmd.WaitDelay = 5 * time.Second
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	if err != nil {
		killGroup(cmd)
	}
	return err
}

// output keeps at most max bytes, or hands all of them on. It stops the child
// when there is more, or when the next one refuses.
type output struct {
	buf  bytes.Buffer
	max  int64
	seen int64
	next sink
	stop func()
	over bool
	err  error
}

// Write takes p.
func (o *output) Write(p []byte) (int, error) {
	o.seen += int64(len(p))
	if o.seen > o.max {
		o.over = true
		o.stop()
		return 0, io.ErrShortWrite
	}
	if o.next == nil {
		return o.buf.Write(p)
	}
	n, err := o.next.Write(p)
	if err != nil {
		o.err = err
		o.stop()
	}
	return n, err
}

// tail keeps the end of what a child says, where git puts the cause.
type tail struct {
	buf     []byte
	secrets []string
}

// Write takes p.
func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if keep := maxError + t.margin(); len(t.buf) > 2*keep {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-keep:]...)
	}
	return len(p), nil
}

// margin is room for one secret, so that none is cut where the kept part
// begins.
func (t *tail) margin() int {
	n := 0
	for _, s := range t.secrets {
		n = max(n, len(s))
	}
	return n
}

// String returns the last 64 KiB without secrets.
func (t *tail) String() string {
	buf := t.buf
	cut := len(buf) > maxError
	if keep := maxError + t.margin(); len(buf) > keep {
		buf = buf[len(buf)-keep:]
	}
	s := redact(string(buf), t.secrets)
	if cut && len(s) > t.margin() {
		s = s[t.margin():]
	}
	return strings.TrimSpace(s)
}

// redact replaces every secret in s, by value: tokens have no reliable form.
func redact(s string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return s
}

// childError says how a child failed.
type childError struct {
	name     string // the program and its sub-command
	code     int    // exit status, -1 for a signal
	signal   string // the signal that ended it, if one did
	stderr   string // redacted, at most 64 KiB
	stdout   []byte
	overflow bool // it printed more than Limits.Output
	timeout  bool // it ran longer than its wall time
	err      error
}

var (
	memoryPattern = regexp.MustCompile(`(?mi)^(?:fatal|error|BUG)?.*(?:out of memory|cannot allocate memory|died of signal|file too large|unable to create thread)`)
	remotePattern = regexp.MustCompile(`(?m)^remote: .*$`)
	// killedPattern is all that git says when the kernel killed index-pack.
	killedPattern = regexp.MustCompile(`^fatal: fetch-pack: invalid index-pack output$`)
)

// Error names the program, how it ended and what it said last.
func (e *childError) Error() string {
	how := e.err.Error()
	switch {
	case e.timeout:
		how = "ran longer than it may"
	case e.overflow:
		how = "printed more than it may"
	}
	if s := e.said(); s != "" {
		how += ": " + s
	}
	return e.name + ": " + how
}

// Unwrap returns what os/exec said.
func (e *childError) Unwrap() error { return e.err }

// said is the last part of stderr on one line, without control characters.
func (e *childError) said() string {
	s := e.stderr
	if len(s) > 600 {
		s = "…" + s[len(s)-600:]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// own is stderr without the lines the remote sent.
func (e *childError) own() string { return remotePattern.ReplaceAllString(e.stderr, "") }

// starved reports whether the child ended because of its limits on memory,
// processor time, file size or output. A wall time-out alone does not count:
// the machine may have been busy.
func (e *childError) starved() bool {
	own := strings.TrimSpace(e.own())
	return e.overflow || e.signal != "" && !e.timeout || memoryPattern.MatchString(own) || killedPattern.MatchString(own)
}
