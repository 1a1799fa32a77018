package checks

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agentplane/agentplane/ownership"
)

func anyConclusion(t *rapid.T, label string) (status, conclusion string) {
	conclusion = rapid.SampledFrom([]string{
		"success", "success", "success", "success", "failure", "skipped", "neutral", "cancelled", "timed_out", "action_required", "stale", "startup_failure", "", marker + "`",
	}).Draw(t, label)
	return rapid.SampledFrom([]string{"completed", "completed", "completed", "queued", "in_progress", "waiting"}).Draw(t, label+" status"), conclusion
}

// anyCI changes what CI reported, near to what shows everything, with hostile text wherever others write.
func anyCI(t *rapid.T, f *Facts) {
	for i := range rapid.IntRange(0, 3).Draw(t, "runs") {
		run := f.CI.Runs[0]
		run.ID, run.Jobs = int64(rapid.IntRange(90, 110).Draw(t, "id")*10+i), slices.Clone(run.Jobs)
		run.Event = rapid.SampledFrom([]string{"push", "pull_request", "pull_request_target", marker}).Draw(t, "event")
		run.SHA = rapid.SampledFrom([]string{f.Head.SHA, f.Head.SHA, strings.Repeat("d", 40), ""}).Draw(t, "sha")
		run.Tree = rapid.SampledFrom([]string{f.HeadTree, "", strings.Repeat("c", 40)}).Draw(t, "tree")
		run.JobsKnown = rapid.IntRange(0, 8).Draw(t, "known") > 0
		run.Status, run.Conclusion = anyConclusion(t, "run")
		job := run.Jobs[0]
		job.Status, job.Conclusion = anyConclusion(t, "job")
		job.Steps, job.Errors = slices.Clone(job.Steps), []string{hostile(t, "error")}
		job.Steps[3].Conclusion = rapid.SampledFrom([]string{"success", "success", "failure", "skipped"}).Draw(t, "step")
		run.Jobs[0] = job
		f.CI.Runs = append(f.CI.Runs, run)
	}
	check, status := f.CI.CheckRuns[0], f.CI.Statuses[0]
	check.ID = int64(rapid.IntRange(190, 210).Draw(t, "check"))
	check.Status, check.Conclusion = anyConclusion(t, "check run")
	check.Title, check.App, check.URL = hostile(t, "title"), rapid.SampledFrom([]string{"builder", marker}).Draw(t, "app"), "https://x.example/"+hostile(t, "url")
	f.CI.CheckRuns = append(f.CI.CheckRuns, check)
	status.State = rapid.SampledFrom([]string{"success", "failure", "pending", "error", marker}).Draw(t, "state")
	status.At = status.At.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "at")) * time.Second)
	status.Description = hostile(t, "description")
	f.CI.Statuses = append(f.CI.Statuses, status)
	f.Body += hostile(t, "body")
	for i := range rapid.IntRange(0, 4).Draw(t, "past") {
		head := strings.Repeat(string(rune('1'+i)), 40)
		f.Past.Heads = append(f.Past.Heads, head)
		f.Past.Failures = append(f.Past.Failures, PastFailure{Requirement: "check", Signature: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "signature"), Head: head, At: f.ReadAt.Add(-time.Hour)})
	}
	if rapid.Bool().Draw(t, "label") {
		f.Labels = append(f.Labels, LabelNeedsHuman)
	}
	touch(f, rapid.SliceOfN(rapid.Custom(anyChange), 0, 3).Draw(t, "changes")...)
}

// TestVerificationProperties holds, for anything that CI and the author may say: what is rendered keeps GitHub's limits
// and stays inert; order is irrelevant; what is forgotten or taken away never helps.
func TestVerificationProperties(t *testing.T) {
	c, schema := verification(t), compiledSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := shownFacts(t)
		anyCI(rt, &f)
		r := Evaluate(c, f)
		for _, d := range Render(r) {
			if d.Status == "in_progress" {
				d.Status, d.Conclusion = "completed", "success" // holdDocument holds the rest
			}
			holdDocument(t, d)
		}
		var doc any
		if err := json.Unmarshal(encoded(rt, r), &doc); err != nil {
			rt.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			rt.Fatalf("schema: %v", err)
		}
		g := f
		shuffled := CI{Workflows: f.CI.Workflows}
		shuffled.Runs = rapid.Permutation(f.CI.Runs).Draw(rt, "runs order")
		shuffled.CheckRuns = rapid.Permutation(f.CI.CheckRuns).Draw(rt, "checks order")
		shuffled.Statuses = rapid.Permutation(f.CI.Statuses).Draw(rt, "statuses order")
		if g.CI = &shuffled; !bytes.Equal(encoded(rt, r), encoded(rt, Evaluate(c, g))) {
			rt.Fatal("another order, another report")
		}
		holdMonotone(rt, c, f, r)
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// holdMonotone takes one thing after another away from facts: no requirement is shown then that was not shown before.
func holdMonotone(t *rapid.T, c *ownership.Contract, f Facts, before Report) {
	without := map[string]func(*Facts){
		"ci":        func(g *Facts) { g.CI = nil },
		"body":      func(g *Facts) { g.Body, g.BodyKnown = "", false },
		"notes":     func(g *Facts) { g.Body = "" },
		"past":      func(g *Facts) { g.Past = nil },
		"tree":      func(g *Facts) { g.HeadTree = "" },
		"time":      func(g *Facts) { g.HeadSince = time.Time{} },
		"read":      func(g *Facts) { g.ReadAt = time.Time{} },
		"head":      func(g *Facts) { g.Head.SHA = "" },
		"workflows": func(g *Facts) { ci := *g.CI; ci.Workflows = nil; g.CI = &ci },
		"jobs": func(g *Facts) {
			ci := *g.CI
			ci.Runs = slices.Clone(ci.Runs)
			for i := range ci.Runs {
				ci.Runs[i].JobsKnown = false
			}
			g.CI = &ci
		},
		"successes": func(g *Facts) {
			ci := *g.CI
			ci.Statuses = slices.DeleteFunc(slices.Clone(ci.Statuses), func(s Status) bool { return s.State == "success" })
			ci.CheckRuns = slices.DeleteFunc(slices.Clone(ci.CheckRuns), func(r CheckRun) bool { return r.Conclusion == "success" })
			g.CI = &ci
		},
	}
	for name, take := range without {
		g := f
		take(&g)
		after := Evaluate(c, g)
		for i, row := range after.Matrix {
			if row.State == RowShown && before.Matrix[i].State != RowShown {
				t.Fatalf("without %s, %s is shown: %+v, before %+v", name, row.Requirement, row, before.Matrix[i])
			}
		}
		if b := before.check(CheckVerification).Verdict; b != Success && after.check(CheckVerification).Verdict == Success {
			t.Fatalf("without %s verification passes; with it %s", name, b)
		}
	}
}
