package queue

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var teams = []team{
	{"Small team, 10 % fail", 10, 4, 10, 0.10, 40},
	{"Small team, 25 % fail", 10, 4, 10, 0.25, 40},
	{"Agent fleet, 10 % fail", 100, 16, 15, 0.10, 12},
}

var strategies = []struct {
	name string
	with func(*simulation) strategy
}{
	{"oracle", newOracle},
	{"serial", newSerial},
	{"batch + bisect", newHalves},
	{"train", newTrain},
	{"ours, fast", newOurs(Fast)},
	{"ours, lean", newOurs(Lean)},
}

// compare plays a workload with every strategy on some seeds, and takes medians.
func compare(t team, seeds uint64) map[string]result {
	medians := map[string]result{}
	for _, s := range strategies {
		var all []result
		for seed := range seeds {
			all = append(all, simulate(t, seed+1, s.with).result())
		}
		medians[s.name] = median(all)
	}
	return medians
}

// median takes the median of each figure, and the sum of what must be none.
func median(all []result) (m result) {
	middle := func(figure func(result) float64) float64 {
		var values []float64
		for _, r := range all {
			values = append(values, figure(r))
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	m.P50, m.P95, m.P99 = middle(func(r result) float64 { return r.P50 }), middle(func(r result) float64 { return r.P95 }), middle(func(r result) float64 { return r.P99 })
	m.PerHour, m.Runs, m.Aborted = middle(func(r result) float64 { return r.PerHour }), middle(func(r result) float64 { return r.Runs }), middle(func(r result) float64 { return r.Aborted })
	m.Waiting = int(middle(func(r result) float64 { return float64(r.Waiting) }))
	for _, r := range all {
		m.Untested += r.Untested
		m.Wrong += r.Wrong
	}
	return m
}

// TestSimulation plays two short workloads: what lands was tested, nobody leaves wrongly, and this planner is ahead of
// the other strategies. With AGENTPLANE_SIMULATE it plays long ones on several seeds, and writes docs/queue-performance.md.
func TestSimulation(t *testing.T) {
	if os.Getenv("AGENTPLANE_SIMULATE") != "" {
		writePerformance(t)
		return
	}
	small, fleet := teams[0], teams[2]
	small.Hours, fleet.Hours = 15, 4
	for _, team := range []team{small, fleet} {
		results := compare(team, 1)
		fast, lean, other := results["ours, fast"], results["ours, lean"], results["train"]
		for name, r := range results {
			if r.Untested > 0 || r.Wrong > 0 {
				t.Errorf("%s, %s: %d landed untested, %d left wrongly", team.Name, name, r.Untested, r.Wrong)
			}
		}
		if fast.P50 > other.P50 || fast.PerHour < 0.98*other.PerHour || fast.Runs > 1.05*other.Runs || lean.Runs > 0.95*other.Runs {
			t.Errorf("%s: a train does better\nfast  %s\nlean  %s\ntrain %s", team.Name, fast, lean, other)
		}
		if oracle := results["oracle"]; team.Workers == 4 && (fast.P50 > 1.2*oracle.P50 || lean.P50 > 1.8*oracle.P50) ||
			team.Workers == 16 && fast.PerHour < 0.4*oracle.PerHour {
			t.Errorf("%s: far from the oracle\nfast   %s\nlean   %s\noracle %s", team.Name, fast, lean, oracle)
		}
	}
}

// seeds is how many worlds are played for the page: enough that the medians stand. A fleet's is long, and takes a minute.
func (t team) seeds() uint64 {
	if t.Workers > 4 {
		return 5
	}
	return 20
}

// writePerformance writes the tables and the picture.
func writePerformance(t *testing.T) {
	var page strings.Builder
	page.WriteString(performanceHead)
	var bars []bar
	for _, team := range teams {
		results := compare(team, team.seeds())
		oracle := results["oracle"]
		fmt.Fprintf(&page, "\n### %s\n\n%g changes/h, %d workers, %g minutes a test, %g hours, %d seeds.\n\n", team.Name, team.PerHour, team.Workers, team.Test, team.Hours, team.seeds())
		page.WriteString("| strategy | P50 × oracle | P95 × oracle | P99 × oracle | landed/h | CI runs per landed | aborted per landed | waiting at the end | landed untested | left wrongly |\n|---|---|---|---|---|---|---|---|---|---|\n")
		for _, s := range strategies {
			r := results[s.name]
			fmt.Fprintf(&page, "| %s | %s | %s | %s | %.1f | %.2f | %.2f | %d | %d | %d |\n", s.name, times(r.P50, oracle.P50), times(r.P95, oracle.P95), times(r.P99, oracle.P99),
				r.PerHour, r.Runs, r.Aborted, r.Waiting, r.Untested, r.Wrong)
			bars = append(bars, bar{team.Name, s.name, r.PerHour / oracle.PerHour})
			if r.Untested > 0 || r.Wrong > 0 {
				t.Errorf("%s, %s: %d landed untested, %d left wrongly", team.Name, s.name, r.Untested, r.Wrong)
			}
		}
	}
	page.WriteString(performanceTail)
	for name, data := range map[string]string{"../docs/queue-performance.md": page.String(), "../docs/queue-performance.svg": picture(bars)} {
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// times writes a ratio; what never landed in the first place has none.
func times(a, b float64) string {
	if math.IsInf(a, 0) {
		return "–"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// A bar is a strategy's landing rate, as a share of the oracle's.
type bar struct {
	team, strategy string
	share          float64
}

// picture draws the bars, grouped by team.
func picture(bars []bar) string {
	var b strings.Builder
	y, last := 20, ""
	for _, x := range bars {
		if x.team != last {
			y, last = y+14, x.team
			fmt.Fprintf(&b, `<text x="8" y="%d" font-weight="bold">%s</text>`+"\n", y, x.team)
			y += 6
		}
		fill := "#9aa5b1"
		if strings.HasPrefix(x.strategy, "ours") {
			fill = "#1f6feb"
		}
		width := int(400 * x.share)
		fmt.Fprintf(&b, `<text x="120" y="%d" text-anchor="end">%s</text><rect x="128" y="%d" width="%d" height="12" fill="%s"/><text x="%d" y="%d">%.0f %%</text>`+"\n",
			y+11, x.strategy, y+1, width, fill, 134+width, y+11, 100*x.share)
		y += 17
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="600" height="%d" font-family="sans-serif" font-size="12">`+"\n"+
		`<title>Landed per hour, as a share of what an oracle lands</title>`+"\n"+`<rect width="100%%" height="100%%" fill="white"/>`+"\n"+
		`<text x="8" y="18">Landed per hour, as a share of what an oracle lands</text>`+"\n%s</svg>\n", y+12, b.String())
}

const performanceHead = `# Performance of the merge queue

Written by ` + "`make simulate`" + `; do not edit.

A discrete-event simulation plays the same workload with several strategies. Changes arrive as a Poisson process, tests
take a lognormal time (coefficient of variation 0.3). Each change belongs to one of 20 subsystems (Zipf 0.8; 10 % touch
two), 10 % touch an interface, 15 % depend on an earlier one. Twelve agents fail with probabilities from a Beta
distribution (concentration 6); 60 % of the changes come with evidence on their head, which cuts their failures to a
fifth. Two changes of one subsystem break each other with 0.4 % (4 % where one touches an interface), of different ones
with 0.005 % (1 %), if one lands after the other was written. Whoever tests sees only pass or fail of a candidate.

The oracle knows every outcome beforehand, tests only what passes, in batches of eight, each on all before; it is the
limit. *Serial* tests one change at a time; *batch + bisect* tests eight at once on one worker and halves what fails;
*train* tests each change on all before it, and starts everything behind a failure again. A change that fails leaves
with all that depends on it. Turnaround is from arrival to landing, of what has landed, without the first tenth;
figures are medians over the seeds.

![Landed per hour](queue-performance.svg)
`

const performanceTail = `
Where many wait at the end, a strategy is not stable at that rate: its turnaround grows as long as changes arrive, and
the figures of turnaround mean little.
`
