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

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// laneEnv makes the child work on lanes instead of deliveries. Its log has
//
//	accepted LANE NUMBER   Step entered and judged a pull request
//	start PID LANE         an effect that moves branches began
//	end PID LANE           and ended
//	reading PID NUMBER     a reading was numbered
//	killed PID             written by the parent
const laneEnv = "AGENTPLANE_STORE_LANES"

const laneKills = 10 // on each database

func crashLanes() []store.LaneID { return []store.LaneID{blog, {Repo: 2, Branch: "integration/shop"}} }

// laneChild enters pull requests, tests and lands them until it is killed.
func laneChild(ctx context.Context, db *store.DB, seed uint64, say func(string, ...any)) error {
	for _, id := range crashLanes() {
		go feed(ctx, db, id, int(seed)*1000, say)
		go testForever(ctx, db, id)
	}
	go readForever(ctx, db, say)
	random := rand.New(rand.NewPCG(seed, 2))
	dieAt := -1
	if seed%2 == 1 { // every other child kills itself in the middle of an effect
		dieAt = 1 + random.IntN(40)
	}
	count := make(chan int, 1)
	count <- 0
	return db.Run(ctx, store.Handlers{Notices: newJournal().handle, Effects: func(_ context.Context, id store.LaneID, e queue.Effect) (queue.Event, error) {
		n := <-count + 1
		count <- n
		if line := strings.SplitN(e.Key(), "/", 2)[0]; line != "tell" && line != "offer" {
			say("start %d %s", os.Getpid(), id)
			defer say("end %d %s", os.Getpid(), id)
		}
		if n == dieAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		<-time.After(time.Duration(n%4) * time.Millisecond)
		if n%7 == 0 {
			return nil, errors.New("every seventh run fails")
		}
		return carried(e), nil
	}})
}

// feed enters one pull request after the other.
func feed(ctx context.Context, db *store.DB, id store.LaneID, n int, say func(string, ...any)) {
	for {
		n++
		var failed error
		for _, e := range enter(n) {
			_, err := db.Step(ctx, id, e)
			failed = errors.Join(failed, err)
		}
		if failed == nil {
			say("accepted %s %d", id, n)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// readForever numbers readings.
func readForever(ctx context.Context, db *store.DB, say func(string, ...any)) {
	for {
		if n, err := db.NextReading(ctx); err == nil {
			say("reading %d %d", os.Getpid(), n)
		}
		<-time.After(2 * time.Millisecond)
	}
}

// testForever passes whatever a lane has built.
func testForever(ctx context.Context, db *store.DB, id store.LaneID) {
	for at := noon; ; at = at.Add(time.Second) {
		_, _ = db.Step(ctx, id, queue.Ticked{At: at})
		if l, known, err := db.Lane(ctx, id); err == nil && known {
			for _, e := range passing(l) {
				_, _ = db.Step(ctx, id, e)
			}
		}
		<-time.After(5 * time.Millisecond)
	}
}

// TestKillNineLosesNoStepAndNoOutcome kills processes that move lanes. A lost
// outcome would leave a candidate waiting for ever; one counted twice, or a step
// done by half, a log that does not replay to the lane.
func TestKillNineLosesNoStepAndNoOutcome(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url, log := b.url(t), filepath.Join(t.TempDir(), "log")
		must(t, os.WriteFile(log, nil, 0o600))
		first := open(t, url, quick())
		for _, id := range crashLanes() { // once: a late copy of a reading of the tip freezes a lane
			step(t, first, id, opening()...)
		}
		must(t, first.Close())
		random := rand.New(rand.NewPCG(20260102, 7))
		children := make([]*exec.Cmd, 1)
		if b.name == "postgres" { // two at a time: the survivor takes over
			children = make([]*exec.Cmd, 2)
		}
		for i := range children {
			children[i] = spawn(t, url, log, uint64(2+2*i), laneEnv+"=1")
		}
		for i := range uint64(laneKills) {
			longest := 500 // it may die while it opens the database or recovers
			if i%2 == 0 {
				awaitGrowth(t, log)
				longest = 100
			}
			<-time.After(time.Duration(random.IntN(longest)) * time.Millisecond)
			victim := int(i) % len(children)
			kill(t, children[victim], log)
			children[victim] = spawn(t, url, log, 101+i, laneEnv+"=1") // waited for only where it does not kill itself
		}
		awaitGrowth(t, log)
		for _, c := range children {
			kill(t, c, log)
		}
		db := open(t, url, quick())
		startAll(t, db, (&crew{}).handlers())
		entered := readLaneLog(t, log)
		for _, id := range crashLanes() {
			l := landAll(t, db, id)
			lost := 0
			for _, n := range entered[id.String()] {
				if !l.Done.Has(n) {
					lost++
				}
			}
			rows := replay(t, db, id)
			landings := map[string]int{}
			for _, row := range rows {
				if e, is := row.Event.(queue.Landed); is {
					landings[e.Candidate]++
				}
			}
			for candidate, times := range landings {
				if times > 1 {
					t.Errorf("%s landed %d times", candidate, times)
				}
			}
			if r, err := db.LaneRecord(within(t), id, "search"); err != nil || r != (queue.Record{Plain: queue.Tally{Passed: len(l.Merged)}}) {
				t.Errorf("%s: %+v by the record, %v, and %d landed", id, r, err, len(l.Merged))
			}
			t.Logf("%s: %d entered, %d landings, %d rows", id, len(entered[id.String()]), len(landings), len(rows))
			if lost > 0 || len(landings) == 0 || len(entered[id.String()]) < laneKills {
				t.Errorf("%s: %d of %d entries lost, %d landings; paused %+v, frozen %+v, rest %+v, candidates %+v",
					id, lost, len(entered[id.String()]), len(landings), l.Paused, l.Frozen, l.Rest, l.Candidates)
			}
		}
	})
}

// readLaneLog lists what was entered by lane, and looks for effects of one lane
// that ran at once, and for readings that did not grow.
func readLaneLog(t *testing.T, log string) map[string][]int {
	t.Helper()
	f, err := os.Open(log)
	must(t, err)
	defer f.Close() //nolint:errcheck // only read
	entered, running, alive := map[string][]int{}, map[string]string{}, map[string]bool{}
	overlaps, readings := 0, map[string]int{}
	numbered := map[int]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		w := strings.Fields(lines.Text())
		switch w[0] {
		case "accepted":
			n, err := strconv.Atoi(w[2])
			must(t, err)
			entered[w[1]] = append(entered[w[1]], n)
		case "killed":
			alive[w[1]] = false
		case "reading":
			n, err := strconv.Atoi(w[2])
			must(t, err)
			if numbered[n] || n <= readings[w[1]] {
				t.Errorf("reading %d of %s came after %d, or twice", n, w[1], readings[w[1]])
			}
			numbered[n], readings[w[1]] = true, n
		case "start":
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
	if overlaps > 0 || len(numbered) < laneKills {
		t.Errorf("%d effects of one lane overlapped; %d readings", overlaps, len(numbered))
	}
	return entered
}

// TestAStepIsWholeOrNot fails each write of a step in turn: nothing of it stays,
// and the same event again does all of it.
func TestAStepIsWholeOrNot(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		db, hand := open(t, url, quick()), raw(t, url)
		must(t, db.Notify(within(t), notice(9, 9, "there are rows to look at")))
		for i, table := range []string{"audit", "lanes", "effects", "mailboxes", "river_job"} {
			id := store.LaneID{Repo: 1, Branch: fmt.Sprint("integration/", i)}
			step(t, db, id, append(opening(), enter(4)[0])...)
			before := replay(t, db, id)
			var effects int
			must(t, db.Count(within(t), "effects", &effects))
			_, err := hand.Exec(`ALTER TABLE ` + table + ` RENAME TO elsewhere`)
			must(t, err)
			if _, err := db.Step(within(t), id, enter(4)[1]); err == nil {
				t.Errorf("a step without the table %s", table)
			}
			_, err = hand.Exec(`ALTER TABLE elsewhere RENAME TO ` + table)
			must(t, err)
			if after := replay(t, db, id); len(after) != len(before) {
				t.Errorf("without %s, %d rows of the log stayed", table, len(after)-len(before))
			}
			var now int
			must(t, db.Count(within(t), "effects", &now))
			if now != effects {
				t.Errorf("without %s, %d effects stayed", table, now-effects)
			}
			step(t, db, id, enter(4)[1])
			if after := replay(t, db, id); len(after) != len(before)+1 {
				t.Errorf("after %s, the step made %d rows", table, len(after)-len(before))
			}
		}
	})
}
