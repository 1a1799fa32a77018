package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/agentplane/agentplane/store"
)

// The test binary runs itself as a child that accepts deliveries and works on
// them, and is killed with SIGKILL. All that it did is in a log that survives:
//
//	accepted REASON      Receive returned nil
//	start PID KEY        a handler began
//	handled REASON       a handler's effect
//	end PID KEY          a handler returned
//	killed PID           written by the parent
const (
	childEnv = "AGENTPLANE_STORE_CHILD" // the database's URL
	logEnv   = "AGENTPLANE_STORE_LOG"
	seedEnv  = "AGENTPLANE_STORE_SEED"
)

const (
	crashKeys = 20
	kills     = 18 // on each database
)

// child is the process that gets killed. It returns an exit code only if
// something goes wrong before that.
func child() int {
	seed, _ := strconv.ParseUint(os.Getenv(seedEnv), 10, 64)
	log, err := os.OpenFile(os.Getenv(logEnv), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return complain(err)
	}
	ctx := context.Background()
	db, err := store.Open(ctx, os.Getenv(childEnv), quick())
	if err != nil {
		return complain(err)
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(log, format+"\n", args...) }
	if os.Getenv(laneEnv) != "" {
		return complain(laneChild(ctx, db, seed, say))
	}
	go receiveForever(ctx, db, seed, say)
	go receiveForever(ctx, db, seed+1_000_000, say)
	random := rand.New(rand.NewPCG(seed, 1))
	dieAt := -1
	if seed%2 == 1 { // every other child kills itself in the middle of a handler
		dieAt = 1 + random.IntN(20)
	}
	count := make(chan int, 1)
	count <- 0
	err = db.Run(ctx, store.Handlers{Notices: func(_ context.Context, k store.Key, notices []store.Notice) error {
		say("start %d %d/%d", os.Getpid(), k.Repo, k.PR)
		n := <-count + 1
		count <- n
		if n == dieAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		<-time.After(time.Duration(n%4) * time.Millisecond)
		for _, notice := range notices {
			say("handled %s", notice.Reason)
		}
		say("end %d %d/%d", os.Getpid(), k.Repo, k.PR)
		if n%7 == 0 {
			return errors.New("every seventh run fails")
		}
		return nil
	}})
	return complain(err)
}

func complain(err error) int {
	_, _ = fmt.Fprintln(os.Stderr, "child:", err)
	return 3
}

func receiveForever(ctx context.Context, db *store.DB, seed uint64, say func(string, ...any)) {
	for i := 0; ; i++ {
		reason := fmt.Sprintf("%d-%d-%d", os.Getpid(), seed, i)
		d := store.Delivery{GUID: reason, Event: "push", Body: []byte(reason)}
		if err := db.Receive(ctx, d, []store.Notice{notice(1, i%crashKeys, reason)}, nil); err == nil {
			say("accepted %s", reason)
		}
		<-time.After(time.Millisecond)
	}
}

func TestKillNineLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url, log := b.url(t), filepath.Join(t.TempDir(), "log")
		must(t, os.WriteFile(log, nil, 0o600))
		random := rand.New(rand.NewPCG(20260101, 7))
		children := make([]*exec.Cmd, 1)
		if b.name == "postgres" { // two at a time: the survivor takes over
			children = make([]*exec.Cmd, 2)
		}
		for i := range children {
			children[i] = spawn(t, url, log, 0)
		}
		for i := range uint64(kills) {
			longest := 500 // it may die while it opens the database or recovers
			if i%2 == 0 {
				awaitGrowth(t, log)
				longest = 100
			}
			<-time.After(time.Duration(random.IntN(longest)) * time.Millisecond)
			victim := int(i) % len(children)
			kill(t, children[victim], log)
			children[victim] = spawn(t, url, log, i+1+random.Uint64N(1000)*2)
		}
		awaitGrowth(t, log)
		for _, c := range children {
			kill(t, c, log)
		}
		db := open(t, url, quick())
		j := newJournal()
		start(t, db, j.handle)
		began := time.Now()
		must(t, db.Drain(within(t)))
		t.Logf("recovered in %s", time.Since(began))
		checkLog(t, log, j)
		stats, err := db.Stats(within(t))
		must(t, err)
		if stats.Waiting != 0 || stats.Retrying != 0 || stats.Running != 0 {
			t.Errorf("something is stuck: %+v", stats)
		}
	})
}

func spawn(t *testing.T, url, log string, seed uint64, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(append(os.Environ(), childEnv+"="+url, logEnv+"="+log, seedEnv+"="+fmt.Sprint(seed)), env...)
	c.Stderr = os.Stderr
	must(t, c.Start())
	return c
}

func kill(t *testing.T, c *exec.Cmd, log string) {
	t.Helper()
	must(t, c.Process.Kill()) // SIGKILL
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != -1 {
		t.Errorf("the child ended by itself with %d", code)
	}
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = fmt.Fprintf(f, "killed %d\n", c.Process.Pid)
	must(t, errors.Join(err, f.Close()))
}

// awaitGrowth returns when a new delivery was accepted.
func awaitGrowth(t *testing.T, log string) {
	t.Helper()
	accepted := func() int {
		text, err := os.ReadFile(log)
		must(t, err)
		return strings.Count(string(text), "accepted ")
	}
	before, ctx := accepted(), within(t)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for accepted() < before+10 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("the child accepts nothing")
		}
	}
}

// checkLog holds what was accepted against what was handled, and looks for
// handlers of one key that ran at once.
func checkLog(t *testing.T, log string, last *journal) {
	t.Helper()
	f, err := os.Open(log)
	must(t, err)
	defer f.Close() //nolint:errcheck // only read
	accepted, handled := map[string]bool{}, map[string]bool{}
	running, alive := map[string]string{}, map[string]bool{}
	starts, overlaps := 0, 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		w := strings.Fields(lines.Text())
		switch w[0] {
		case "accepted":
			accepted[w[1]] = true
		case "handled":
			handled[w[1]] = true
		case "killed":
			alive[w[1]] = false
		case "start":
			starts++
			if pid := running[w[2]]; alive[pid] {
				overlaps++
			}
			alive[w[1]] = true
			running[w[2]] = w[1]
		case "end":
			delete(running, w[2])
		}
	}
	must(t, lines.Err())
	last.mu.Lock()
	defer last.mu.Unlock()
	lost := 0
	for reason := range accepted {
		if !handled[reason] && last.seen[reason] == 0 {
			lost++
		}
	}
	t.Logf("%d accepted, %d handlers started", len(accepted), starts)
	if lost > 0 || overlaps > 0 {
		t.Errorf("%d of %d accepted notices lost, %d overlapping handlers", lost, len(accepted), overlaps)
	}
	if len(accepted) < 3*kills {
		t.Errorf("only %d deliveries were accepted: the test proves little", len(accepted))
	}
}
