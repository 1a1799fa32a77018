package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// TestLaneGolden shows the view of every file in testdata/lane as check run and as comment.
func TestLaneGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/lane/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(archive.Comment)) == 0 {
				t.Error("the golden does not say why it is there")
			}
			v := laneView()
			decodeStrictly(t, archive.Files[0].Data, &v)
			d := RenderLane(v)
			holdLane(t, v)
			compareGolden(t, file, archive, 1,
				txtar.File{Name: "check.md", Data: []byte(d.Status + " " + d.Conclusion + ": " + d.Title + "\n\n" + d.Summary)},
				txtar.File{Name: "comment.md", Data: []byte(LaneComment(v))},
			)
		})
	}
}

// laneView is what the views of goldens start from.
func laneView() LaneView {
	return LaneView{Repo: "octo/blog", Branch: "integration/blog", Target: "main", PR: 12, Agent: "search", Head: commit("a")}
}

func decodeStrictly(t *testing.T, src []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// compareGolden compares the files of a golden after its first ones, which are input.
func compareGolden(t *testing.T, file string, archive *txtar.Archive, inputs int, got ...txtar.File) {
	t.Helper()
	if *update {
		archive.Files = append(archive.Files[:inputs:inputs], got...)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(archive.Files) != inputs+len(got) {
		t.Fatalf("%d files, want %d", len(archive.Files), inputs+len(got))
	}
	for i, f := range got {
		if diff := cmp.Diff(string(archive.Files[inputs+i].Data), string(f.Data)); diff != "" {
			t.Errorf("%s (-want +got; -update rewrites it):\n%s", f.Name, diff)
		}
	}
}

// TestLaneVerdicts: what the check run comes to, and so who must act.
func TestLaneVerdicts(t *testing.T) {
	left := func(kind string, attempt int) LaneView {
		return LaneView{Stage: LaneEjected, Reason: &LaneReason{Kind: kind, Attempt: attempt, Attempts: 3, With: []int{9}}}
	}
	stopped := func(stage, kind string) LaneView { return LaneView{Stage: stage, Stop: LaneStop{Kind: kind}} }
	for _, tc := range []struct {
		v                         LaneView
		status, conclusion, title string
	}{
		{LaneView{}, "queued", "", "Not in the lane"},
		{LaneView{Stop: LaneStop{Kind: StopPaused}}, "queued", "", "Not in the lane"},
		{LaneView{Stage: LaneHeld, HoldKind: HoldJudgement}, "queued", "", "Held: not in order at this head"},
		{LaneView{Stage: LaneHeld, HoldKind: HoldDependency, HoldOn: []int{3, 4}}, "queued", "", "Held: waits for pull requests 3 and 4"},
		{LaneView{Stage: LaneHeld, HoldKind: HoldClash, HoldOn: []int{3}}, "queued", "", "Held: would conflict with pull request 3"},
		{LaneView{Stage: LaneHeld, HoldKind: HoldCycle, HoldOn: []int{3, 4}}, "completed", "action_required", "Held: waits for itself"},
		{LaneView{Stage: LaneHeld}, "queued", "", "Held"},
		{LaneView{Stage: LaneWaiting, Place: 2}, "queued", "", "Waits in the lane"},
		{LaneView{Stage: LaneTesting, PR: 12, Batch: []int{12}}, "in_progress", "", "In test"},
		{LaneView{Stage: LaneTesting, PR: 12, Batch: []int{11, 12}}, "in_progress", "", "In test with pull request 11"},
		{LaneView{Stage: LaneLanding}, "in_progress", "", "Landing"},
		{LaneView{Stage: LaneLanded}, "completed", "success", "Landed"},
		{stopped(LaneHeld, StopPaused), "completed", "action_required", "The lane is paused"},
		{stopped(LaneWaiting, StopFrozen), "completed", "action_required", "The lane is frozen"},
		{stopped(LaneTesting, StopBroken), "completed", "action_required", "The lane stands still"},
		{stopped(LaneWaiting, "new"), "completed", "action_required", "The lane stands still"},
		{stopped(LaneWaiting, StopRest), "queued", "", "The lane rests"},
		{stopped(LaneLanding, StopFrozen), "in_progress", "", "Landing"},
		{stopped(LaneLanded, StopFrozen), "completed", "success", "Landed"},
		{left(ReasonConflict, 1), "completed", "failure", "Conflicts with pull request 9"},
		{left(ReasonFailed, 2), "completed", "failure", "The tests failed"},
		{left(ReasonFailed, 3), "completed", "action_required", "The tests failed"},
		{left(ReasonTooLong, 1), "completed", "failure", "The tests take too long"},
		{left(ReasonNeverStarted, 0), "completed", "failure", "The tests never start"},
		{left(ReasonRefused, 0), "completed", "failure", "May not be pushed"},
		{left(ReasonWithdrawn, 0), "completed", "action_required", "Withdrawn from the lane"},
		{left(ReasonRewound, 0), "completed", "action_required", "No longer on the branch"},
		{left(ReasonExhausted, 0), "completed", "action_required", "The attempts are used up"},
		{left("new", 0), "completed", "failure", "Left the lane"},
		{LaneView{Stage: LaneEjected}, "completed", "action_required", "Left the lane"},
		{LaneView{Stage: "new"}, "completed", "action_required", "How it stands is not known"},
	} {
		d := RenderLane(tc.v)
		if d.Name != "agentplane/integration" || d.Status != tc.status || d.Conclusion != tc.conclusion || d.Title != tc.title {
			t.Errorf("%+v: %s %s %q, want %s %s %q", tc.v, d.Status, d.Conclusion, d.Title, tc.status, tc.conclusion, tc.title)
		}
		holdLane(t, tc.v)
	}
}

// TestLaneCommandsAreSafe: the commands are what a shell reads as they stand, or there are none.
func TestLaneCommandsAreSafe(t *testing.T) {
	for _, tc := range []struct{ base, branch, want, why string }{
		{commit("b"), "integration/blog", "git rebase " + commit("b"), "the commit that has landed"},
		{"", "integration/blog", "git rebase origin/integration/blog", "the branch, where the commit is not known"},
		{"$(id)", "a b", "git rebase 'origin/a b'", "no commit"},
		{"", "it's", "", "a branch that no shell reads alike"},
	} {
		v := LaneView{Stage: LaneEjected, Branch: tc.branch, Reason: &LaneReason{Kind: ReasonConflict, Base: tc.base}}
		_, script := v.next()
		if tc.want == "" && script == nil {
			continue
		}
		if len(script) != 3 || script[1] != tc.want || slices.ContainsFunc(script, func(s string) bool { return !isCommand(s) }) {
			t.Errorf("%s: %q, want %q", tc.why, script, tc.want)
		}
	}
}

// TestLaneEstimates are coarse, so that a comment does not change with every look.
func TestLaneEstimates(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0: "", -time.Minute: "", time.Second: "1 minute", 61 * time.Second: "2 minutes", 10 * time.Minute: "10 minutes",
		11 * time.Minute: "15 minutes", 15 * time.Minute: "15 minutes", 16 * time.Minute: "20 minutes", 2 * time.Hour: "120 minutes",
		3 * time.Hour: "3 hours", 181 * time.Minute: "4 hours",
	} {
		if got := (LaneView{Wait: wait}).estimate(); !strings.HasSuffix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", wait, got, want)
		}
	}
}

func TestLaneTable(t *testing.T) {
	rows := []LaneView{{Stop: LaneStop{Kind: StopPaused, By: "sam", Why: "main is red"}}}
	want := "**The lane is paused, by `sam`: `main is red`.** When the cause is gone, an integrator comments `/integrate resume`.\n\nNothing is in the lane.\n"
	if got := LaneTable(rows); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := LaneTable(nil); got != "Nothing is in the lane.\n" {
		t.Errorf("%q", got)
	}
	rows = nil
	for i := range 73 {
		rows = append(rows, LaneView{PR: i + 1, Place: i + 1, Stage: LaneWaiting, Agent: "search", Head: commit("a")})
	}
	rows[0].Stage, rows[0].Missing = LaneTesting, []string{"check"}
	rows[1].Stage, rows[1].Place, rows[1].Hold = LaneHeld, 0, "waits for itself: #2 → #2 | x"
	got := LaneTable(rows)
	for _, line := range []string{
		"| 1 | 1 | `search` | `aaaaaaaaaa` | testing | waits for `check` |\n",
		"|  | 2 | `search` | `aaaaaaaaaa` | held | `waits for itself: #2 → #2 │ x` |\n",
		"| 50 | 50 | `search` | `aaaaaaaaaa` | waiting |  |\n\nand 23 more\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
	spans(t, got, nil)
	for i := range rows {
		rows[i].Stage, rows[i].Missing = LaneTesting, slices.Repeat([]string{strings.Repeat("語", 200)}, 5)
	}
	got = LaneTable(rows)
	shown := strings.Count(got, "\n| ")
	if len(got) > MaxText || !strings.HasSuffix(got, fmt.Sprintf("\nand %d more\n", len(rows)-shown)) || shown < 10 || shown >= laneRows {
		t.Errorf("%d bytes with %d rows that end in %q", len(got), shown, got[len(got)-50:])
	}
}

// TestLaneWithdrawn: why it was withdrawn stands in the title only where it is a plain sentence.
func TestLaneWithdrawn(t *testing.T) {
	for detail, want := range map[string]string{
		"by a command": ": by a command", "": "", "by @octo": "", "by `sam`": "", "at 1234567": "", "a\n/integrate": "", strings.Repeat("x", 100): "",
	} {
		v := LaneView{Stage: LaneEjected, Reason: &LaneReason{Kind: ReasonWithdrawn, Detail: detail}}
		if got := RenderLane(v).Title; got != "Withdrawn from the lane"+want {
			t.Errorf("%q: %q", detail, got)
		}
		holdLane(t, v)
	}
}

func TestLaneAnswer(t *testing.T) {
	if got, want := LaneAnswer(7, "The head is now `aaaaaaaaaaaa`."), "<!-- agentplane:answer 7 -->\nThe head is now `aaaaaaaaaaaa`.\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := LaneAnswer(7, "ask @octo\n/integrate"), "<!-- agentplane:answer 7 -->\n`ask @octo\\n/integrate`\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, why := range []string{"    a", "- a", "+ a", "1. a", "= a", "---", "(a)"} {
		if got, want := LaneAnswer(7, why), "<!-- agentplane:answer 7 -->\n"+code(why)+"\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got, want := LaneStatus(7, nil), "<!-- agentplane:answer 7 -->\nNothing is in the lane.\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// anyLane draws a view with hostile text in every place.
func anyLane(t *rapid.T) LaneView {
	text := func(label string) string {
		if rapid.IntRange(0, 9).Draw(t, label+" long") == 0 {
			return strings.Repeat(hostile(t, label), 200)
		}
		return hostile(t, label)
	}
	texts := func(label string) []string {
		var out []string
		for range rapid.IntRange(0, 3).Draw(t, label) {
			out = append(out, text(label))
		}
		return slices.Repeat(out, rapid.SampledFrom([]int{1, 1, 100}).Draw(t, label+" times"))
	}
	numbers := func(label string) []int {
		return rapid.SliceOfN(rapid.IntRange(1, 99), 0, 12).Draw(t, label)
	}
	pick := func(label string, from ...string) string {
		return rapid.SampledFrom(append(from, marker+"`@x\n/integrate")).Draw(t, label)
	}
	v := LaneView{
		Repo: text("repo"), Branch: text("branch"), Target: text("target"), PR: rapid.IntRange(0, 20).Draw(t, "pr"), Agent: text("agent"), Head: text("head"),
		Stage: pick("stage", "", LaneHeld, LaneWaiting, LaneTesting, LaneLanding, LaneLanded, LaneEjected, LaneEjected),
		Place: rapid.IntRange(0, 9).Draw(t, "place"), Entries: rapid.IntRange(0, 9).Draw(t, "entries"), Wait: time.Duration(rapid.Int64().Draw(t, "wait")),
		HoldKind: pick("hold kind", "", HoldJudgement, HoldDependency, HoldCycle, HoldClash), Hold: text("hold"), HoldPaths: texts("hold paths"), HoldOn: numbers("hold on"),
		Batch: numbers("batch"), Candidate: text("candidate"), Commit: text("commit"), URL: text("url"), Missing: texts("missing"), Passed: texts("passed"),
		Stop: LaneStop{Kind: pick("stop", "", "", StopPaused, StopFrozen, StopBroken, StopRest), By: text("by"), Why: text("why"), Expected: text("expected"), Seen: text("seen")},
	}
	if rapid.IntRange(0, 4).Draw(t, "reason") > 0 {
		v.Reason = &LaneReason{
			Kind:        pick("kind", ReasonFailed, ReasonConflict, ReasonTooLong, ReasonNeverStarted, ReasonRefused, ReasonWithdrawn, ReasonRewound, ReasonExhausted),
			Requirement: text("requirement"), Detail: text("detail"), Paths: texts("paths"), With: numbers("with"), Batch: numbers("batch"), Base: text("base"),
			Attempt: rapid.IntRange(0, 4).Draw(t, "attempt"), Attempts: rapid.IntRange(0, 3).Draw(t, "attempts"), URL: "https://x.example/" + text("url"),
		}
	}
	if v.Reason != nil && v.Reason.Kind == ReasonWithdrawn {
		v.Reason.Detail += "@" // a plain sentence would be shown as one
	}
	return v
}

// TestLaneInert holds, whatever stands in a view: limits, conclusions and inertness.
func TestLaneInert(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := anyLane(rt)
		holdLane(t, v)
		holdMarkdown(t, "table", LaneTable(slices.Repeat([]LaneView{v}, 60)))
		spans(t, strings.TrimPrefix(LaneAnswer(3, v.Hold), "<!-- agentplane:answer 3 -->\n"), []string{v.Hold})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// holdLane holds what is promised of everything that shows a view.
func holdLane(t testing.TB, v LaneView) {
	t.Helper()
	d := RenderLane(v)
	holdMarkdown(t, "summary", d.Summary)
	holdMarkdown(t, "text", d.Text)
	if len(d.Title) > MaxTitle || strings.Contains(d.Title, marker) || visible(d.Title) != d.Title {
		t.Errorf("title: %q", d.Title)
	}
	if completed := d.Status == "completed"; completed != slices.Contains([]string{"success", "failure", "action_required"}, d.Conclusion) || !completed && d.Conclusion != "" {
		t.Errorf("status %q, conclusion %q", d.Status, d.Conclusion)
	}
	comment := LaneComment(v)
	body, marked := strings.CutPrefix(comment, "<!-- agentplane:lane -->\n")
	visiblePart, folded, found := strings.Cut(body, "\n<details>\n<summary>For programs</summary>\n\n")
	folded, closed := strings.CutSuffix(folded, "\n</details>\n")
	if !marked || !found || !closed || len(comment) > MaxText {
		t.Errorf("a comment of another form, or of %d bytes: %q", len(comment), comment)
	}
	holdMarkdown(t, "comment", visiblePart)
	holdMarkdown(t, "folded", folded)
	for _, text := range []string{d.Text, folded} {
		_, after, _ := strings.Cut(text, "```json\n")
		inner, ended := strings.CutSuffix(after, "\n```\n")
		var form laneJSON
		if err := json.Unmarshal([]byte(inner), &form); err != nil || !ended || form.Agentplane != 1 || form.PR != v.PR || form.Next == "" || form.Verdict != v.verdict() {
			t.Errorf("the form for programs: %v, %+v: %s", err, form, text)
		}
	}
}

func holdMarkdown(t testing.TB, name, s string) {
	t.Helper()
	if len(s) > MaxText || !utf8.ValidString(s) {
		t.Errorf("%s has %d bytes, or is not UTF-8", name, len(s))
	}
	spans(t, s, []string{marker})
	if strings.Contains(outside(t, s), marker) {
		t.Errorf("hostile text outside code in the %s: %q", name, s)
	}
}
