package ownership

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hmarr/codeowners"
)

// The size of the comparison, and the bars that it is held to.
const (
	benchPatterns = 10_000
	benchPaths    = 100_000
	barPeer       = 300.0 // at least so many times as fast as hmarr/codeowners
	barSegments   = 3.0   // at most so many times one map look-up for each segment
)

// A forest is a repository and claims on it: mostly directories and files, and
// one wildcard in twenty-five, which is less than in real contracts.
type forest struct {
	patterns []string
	paths    []string
}

// plant makes a forest. The paths are sorted, as git lists them.
func plant() forest {
	r := rand.New(rand.NewPCG(7, 7))
	var f forest
	dirs := make([]string, 0, 12_000)
	for i := range 12_000 {
		dirs = append(dirs, fmt.Sprintf("area%d/team%d/module%d", i%40, i%400, i))
	}
	for i := range benchPaths {
		f.paths = append(f.paths, fmt.Sprintf("%s/src/file%d.%s", dirs[r.IntN(len(dirs))], i%5000, []string{"go", "ts", "md"}[i%3]))
	}
	slices.Sort(f.paths)
	for i := range benchPatterns {
		switch {
		case i%50 == 0:
			f.patterns = append(f.patterns, fmt.Sprintf("*.kind%d", i))
		case i%50 == 25:
			f.patterns = append(f.patterns, fmt.Sprintf("/area%d/*/module%d/", i%40, i))
		case i%10 == 1:
			f.patterns = append(f.patterns, "/"+f.paths[r.IntN(len(f.paths))])
		default:
			f.patterns = append(f.patterns, "/"+dirs[i]+"/")
		}
	}
	return f
}

// contract gives the patterns to ten agents.
func (f forest) contract(tb testing.TB) *Contract {
	c := &Contract{Classes: BuiltinClasses(), Agents: make([]Agent, 10)}
	for i, s := range f.patterns {
		a := &c.Agents[i%10]
		a.Name = fmt.Sprint("agent", i%10)
		a.Owns = append(a.Owns, Claim{Pattern: mustPattern(tb, s), Line: i + 1})
	}
	return c
}

// segments reads all segments of all paths through one map.
func (f forest) segments() map[string]int {
	known := map[string]int{}
	for _, p := range f.paths {
		for s := range strings.SplitSeq(p, "/") {
			known[s] = len(known)
		}
	}
	return known
}

// ruleAll rules on every path, built-in classes included.
func ruleAll(r *Ruler, a *Agent, paths []string) (owned int) {
	for _, p := range paths {
		if ruling := r.Rule(a, p); ruling.Kind == Owned {
			owned++
		}
	}
	return owned
}

// lookUpAll looks every segment of every path up, which is the least that a
// matcher by segments could do.
func lookUpAll(known map[string]int, paths []string) (sum int) {
	for _, p := range paths {
		for {
			slash := strings.IndexByte(p, '/')
			if slash < 0 {
				sum += known[p]
				break
			}
			sum += known[p[:slash]]
			p = p[slash+1:]
		}
	}
	return sum
}

// peer makes hmarr/codeowners' rules of the same patterns.
func (f forest) peer(tb testing.TB) codeowners.Ruleset {
	rules, err := codeowners.ParseFile(strings.NewReader(strings.Join(f.patterns, " @a\n") + " @a\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return rules
}

// peerAll matches every path with the peer.
func peerAll(tb testing.TB, rules codeowners.Ruleset, paths []string) (owned int) {
	for _, p := range paths {
		rule, err := rules.Match(p)
		if err != nil {
			tb.Fatal(err)
		}
		if rule != nil {
			owned++
		}
	}
	return owned
}

// fastest is the least processor time of several runs, so that other processes
// on the machine count little.
func fastest(tb testing.TB, runs int, work func()) time.Duration {
	least := time.Duration(1 << 62)
	for range runs {
		start := processorTime(tb)
		work()
		least = min(least, processorTime(tb)-start)
	}
	return least
}

// processorTime is what this process has used so far, garbage collection
// included.
func processorTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBars compares 10,000 patterns and 100,000 paths in one run: ours
// with a new Ruler (cold) and with the same one again (warm), hmarr/codeowners,
// and one map look-up for each segment. Compiling is not counted, for the peer
// neither. It fails when the cold Ruler misses a bar. The peer takes some
// twenty seconds.
func BenchmarkBars(b *testing.B) {
	f := plant()
	c, known, rules := f.contract(b), f.segments(), f.peer(b)
	rulers := make([]*Ruler, 5)
	for b.Loop() {
		compile := fastest(b, 1, func() {
			for i := range rulers {
				rulers[i] = c.Ruler()
			}
		}) / time.Duration(len(rulers))
		next := 0
		cold := fastest(b, len(rulers), func() {
			ruleAll(rulers[next], &c.Agents[0], f.paths)
			next++
		})
		warm := fastest(b, 5, func() { ruleAll(rulers[0], &c.Agents[0], f.paths) })
		segments := fastest(b, 5, func() { lookUpAll(known, f.paths) })
		peer := fastest(b, 1, func() { peerAll(b, rules, f.paths) })
		b.ReportMetric(ms(compile), "compile-ms")
		b.ReportMetric(ms(cold), "cold-ms")
		b.ReportMetric(ms(warm), "warm-ms")
		b.ReportMetric(ms(segments), "segments-ms")
		b.ReportMetric(ms(peer), "peer-ms")
		b.ReportMetric(float64(peer)/float64(cold), "x-peer")
		b.ReportMetric(float64(cold)/float64(segments), "x-segments")
		if ratio := float64(peer) / float64(cold); ratio < barPeer {
			b.Fatalf("%.0f times as fast as hmarr/codeowners, the bar is %.0f (cold %v, warm %v, peer %v)", ratio, barPeer, cold, warm, peer)
		}
		if ratio := float64(cold) / float64(segments); ratio > barSegments {
			b.Fatalf("%.1f times one map look-up for each segment, the bar is %.1f (cold %v, segments %v)", ratio, barSegments, cold, segments)
		}
	}
}

// ms is a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkRule is the time of 100,000 rulings with the same Ruler.
func BenchmarkRule(b *testing.B) {
	f := plant()
	c := f.contract(b)
	r := c.Ruler()
	b.ReportAllocs()
	for b.Loop() {
		ruleAll(r, &c.Agents[0], f.paths)
	}
}

// BenchmarkParse is the time to read the demo's contract.
func BenchmarkParse(b *testing.B) {
	src, err := os.ReadFile("../testdata/blog/main/" + FileName)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := Parse(FileName, src); err != nil {
			b.Fatal(err)
		}
	}
}

// TestBenchmarkPatternsMean holds the benchmark's contestants to one answer:
// each finds the same paths owned.
func TestBenchmarkPatternsMean(t *testing.T) {
	f := plant()
	c, rules, r := f.contract(t), f.peer(t), rand.New(rand.NewPCG(1, 1))
	ruler := c.Ruler()
	owned := 0
	for range 200 {
		path := f.paths[r.IntN(len(f.paths))]
		ours := ruler.Rule(nil, path).Kind == OwnedByOther
		if ours {
			owned++
		}
		if theirs := peerAll(t, rules, []string{path}) == 1; ours != theirs {
			t.Errorf("%s: owned says %v, hmarr/codeowners %v", path, ours, theirs)
		}
	}
	if owned < 20 || owned > 180 {
		t.Errorf("%d of 200 paths are owned: the benchmark is lopsided", owned)
	}
}
