package sim

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// withCI is a world whose CI is installed.
func withCI(t *testing.T, o CIOptions) (*world, *CI) {
	t.Helper()
	w := newWorld(t)
	ci, err := w.g.StartCI(o)
	w.must(err)
	_, err = ci.App.Install("octo", "blog")
	w.must(err)
	w.drain()
	w.hook.take()
	return w, ci
}

// checked commits files and returns the runs that the CI made of them.
func (w *world) checked(files map[string]string) []CheckRun {
	w.t.Helper()
	sha, err := w.repo.Commit(Commit{By: w.bot, Branch: "work", From: "main", Message: "Work", Files: files})
	w.must(err)
	w.drain()
	return w.repo.CheckRuns(sha)
}

// told is what the runs say, in one line each.
func told(runs []CheckRun) []string {
	out := make([]string, len(runs))
	for i, r := range runs {
		out[i] = fmt.Sprintf("%s %s: %s %s: %s", r.App, r.Name, r.Status, r.Conclusion, r.Title)
	}
	return out
}

func TestCIRunsRealCommands(t *testing.T) {
	w, _ := withCI(t, CIOptions{Timeout: 10 * time.Second, Env: []string{"GREETING=hello"}, Jobs: []Job{
		Command("check", "test -f src/a.txt && grep -q two src/a.txt"),
		Command("content", "echo $GREETING; ls; cat new.txt; exit 3"),
		{Name: "steps", Steps: []Step{{Run: "touch made"}, {Name: "Second", Run: "test -f made", Dir: "src"}, {Run: "echo never"}}},
		{Name: "after", After: []string{"check"}, Steps: []Step{{Run: "true"}}},
		{Name: "skipped", After: []string{"check", "content"}, Steps: []Step{{Run: "true"}}},
		{Name: "outside", Steps: []Step{{Run: "true", Dir: "../.."}}},
	}})
	runs := w.checked(map[string]string{"new.txt": "new words\n"})
	want := []string{
		"github-actions check: completed success: All steps passed",
		"github-actions content: completed failure: echo $GREETING; ls; cat new.txt; exit 3: exit code 3",
		"github-actions steps: completed failure: Second: exit code 1",
		`github-actions outside: completed failure: true: working directory "../.." is outside the checkout`,
		"github-actions after: completed success: All steps passed",
		"github-actions skipped: completed skipped: Skipped: content did not succeed",
	}
	if diff := cmp.Diff(want, told(runs)); diff != "" {
		t.Fatalf("runs (-want +got):\n%s", diff)
	}
	if text := runs[1].Text; !strings.Contains(text, "hello\nREADME.md\nnew.txt\nsrc\nnew words\n") {
		t.Errorf("the log is not of this commit's files:\n%s", text)
	}
	if want := "- ` touch made `: passed\n- ` Second `: exit code 1\n- ` echo never `: not run\n"; runs[2].Summary != want {
		t.Errorf("summary is\n%s\nwant\n%s", runs[2].Summary, want)
	}
	if a := runs[1].Annotations; len(a) != 1 || a[0].Message != "Process completed with exit code 3." {
		t.Errorf("annotations are %v", a)
	}
}

func TestCISendsEachState(t *testing.T) {
	w, _ := withCI(t, CIOptions{Jobs: []Job{Command("one", "true"), Command("two", "false")}})
	w.checked(map[string]string{"a": "a"})
	var got []string
	for _, h := range w.hook.all() {
		var body struct {
			Action   string
			CheckRun struct {
				Name, Status string
				App          struct{ Slug string }
			} `json:"check_run"`
		}
		w.must(jsonInto(h.body, &body))
		if h.header.Get("X-GitHub-Event") == "check_run" {
			got = append(got, body.Action+" "+body.CheckRun.Name+" of "+body.CheckRun.App.Slug+": "+body.CheckRun.Status)
		}
	}
	want := []string{"created one of github-actions: queued", "created two of github-actions: queued",
		"completed one of github-actions: completed", "completed two of github-actions: completed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if !slices.Contains(w.hook.take(), "check_suite completed") {
		t.Error("the CI's suite was not completed")
	}
}

func TestCIReadsWorkflows(t *testing.T) {
	w, _ := withCI(t, CIOptions{})
	runs := w.checked(map[string]string{
		".github/workflows/ci.yml": `
name: ci
on: [push]
env: { LEVEL: workflow, KEPT: workflow }
jobs:
  test:
    name: Unit tests
    needs: build
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
      - run: test "$LEVEL $KEPT $GITHUB_JOB $CI" = "step workflow test true"
        env: { LEVEL: step }
  build:
    defaults: { run: { working-directory: src } }
    steps:
      - name: Has the file
        run: |
          test -f a.txt
          test "$GITHUB_SHA" = "$(git rev-parse HEAD)"
  late:
    needs: [build, test]
    steps: [{ run: "false | true", shell: bash }]
`,
		".github/workflows/more.yaml": "on: push\njobs: { build: { steps: [{ run: echo more }] } }\n",
		".github/workflows/odd.yml":   "on: push\njobs: { a: { steps: [{ uses: someone/action@v1 }] } }\n",
		".github/workflows/notes.txt": "not a workflow\n",
	})
	want := []string{
		"github-actions build: completed success: All steps passed",
		"github-actions build: completed success: All steps passed",
		"github-actions .github/workflows/odd.yml: completed failure: Read the workflow: exit code 1",
		"github-actions Unit tests: completed success: All steps passed",
		"github-actions late: completed failure: false | true: exit code 1",
	}
	got := told(runs)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("runs (-want +got):\n%s", diff)
	}
	if !strings.Contains(runs[2].Text, "the action someone/action@v1 is not simulated") {
		t.Errorf("the refusal does not say why:\n%s", runs[2].Text)
	}
	builds := 0
	for _, r := range w.repo.AllCheckRuns(runs[0].SHA) {
		if r.Name == "build" {
			builds++
		}
	}
	if builds != 2 {
		t.Errorf("%d runs called build, want one of each workflow", builds)
	}
}

// The demo's repository, with its own workflow and its own commands.
func TestCIRunsTheBlog(t *testing.T) {
	w, _ := withCI(t, CIOptions{})
	files := map[string]string{}
	blog := os.DirFS(filepath.Join("..", "testdata", "blog", "main"))
	w.must(fs.WalkDir(blog, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(blog, name)
		files[name] = string(data)
		return err
	}))
	want := []string{
		"github-actions check: completed success: All steps passed",
		"github-actions build: completed success: All steps passed",
	}
	w.checked(files)
	p, err := w.repo.OpenPull(NewPull{By: w.bot, Title: "The blog", Head: "work"})
	w.must(err)
	w.drain()
	runs := w.repo.CheckRuns(p.Head())
	if diff := cmp.Diff(want, told(runs)); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
		for _, r := range runs {
			t.Log(r.Text)
		}
	}
}

func TestCIEndsWhatTakesTooLong(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "alive")
	w, _ := withCI(t, CIOptions{Jobs: []Job{
		{Name: "hangs", Timeout: 200 * time.Millisecond, Steps: []Step{{Run: "(sleep 0.7; touch " + mark + ") & sleep 30"}}},
		Command("leaves a child", "sleep 30 & sleep 1"),
		{Name: "has no time", Timeout: 1, Steps: []Step{{Run: "true", If: "always()"}}},
	}})
	start := time.Now()
	runs := w.checked(map[string]string{"a": "a"})
	want := []string{
		"github-actions hangs: completed timed_out: (sleep 0.7; touch " + mark + ") & sleep 30: took too long",
		"github-actions leaves a child: completed success: All steps passed",
		"github-actions has no time: completed timed_out: true: took too long",
	}
	if diff := cmp.Diff(want, told(runs)); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v: something waited for the children", took)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a child of the command that was ended ran on")
	}
}

func TestCIRunsAgainOnDemand(t *testing.T) {
	w, _ := withCI(t, CIOptions{Jobs: []Job{Command("one", "true"), {Name: "two", After: []string{"one"}, Steps: []Step{{Run: "true"}}}}})
	runs := w.checked(map[string]string{"a": "a"})
	if !w.repo.Rerequest(w.ann, runs[1].ID) {
		t.Fatal("no such run")
	}
	w.drain()
	if got := len(w.repo.AllCheckRuns(runs[0].SHA)); got != 3 {
		t.Errorf("%d runs after one was asked for again, want 3", got)
	}
	w.repo.RerequestSuites(w.ann, runs[0].SHA)
	w.drain()
	if got := len(w.repo.AllCheckRuns(runs[0].SHA)); got != 5 {
		t.Errorf("%d runs after all were asked for again, want 5", got)
	}
	for _, r := range w.repo.CheckRuns(runs[0].SHA) {
		if r.Conclusion != "success" {
			t.Errorf("%s ended with %s", r.Name, r.Conclusion)
		}
	}
}

func TestCIJobsSeeNothingOfThisProcess(t *testing.T) {
	t.Setenv("AGENTPLANE_CANARY", "seen")
	w, _ := withCI(t, CIOptions{Jobs: []Job{
		Command("environment", `test -z "$AGENTPLANE_CANARY" && test "$HOME" != "`+os.Getenv("HOME")+`"`),
		Command("repository", "git push origin HEAD:refs/heads/stolen || git update-ref refs/heads/stolen HEAD"),
	}})
	runs := w.checked(map[string]string{"a": "a"})
	if runs[0].Conclusion != "success" {
		t.Errorf("a job sees the environment of the tests: %s", runs[0].Text)
	}
	w.must(w.repo.Pushed(w.bot))
	if tip := w.repo.Tip("stolen"); tip != "" {
		t.Errorf("a job's git changed the repository: stolen is %s", tip)
	}
}

func TestParseWorkflowRefusesWhatIsNotSimulated(t *testing.T) {
	cases := []struct{ why, src, want string }{
		{"not YAML", "jobs: [", "yaml"},
		{"no jobs", "on: push\nname: ci\n", "no jobs"},
		{"jobs that are a list", "on: push\njobs: [a]\n", "no jobs"},
		{"no triggers", "jobs: { a: { steps: [{ run: x }] } }", "on:"},
		{"a key of a workflow that nobody knows", "on: push\nunless: x\njobs: {}", `"unless" is not simulated`},
		{"an event that happens here and starts nothing", "on: [push, issue_comment]\njobs: {}", `the event "issue_comment" is not simulated`},
		{"paths", "on: { push: { paths: [src/**] } }\njobs: {}", `on: push: "paths" is not simulated`},
		{"tags", "on: { push: { tags: [v1] } }\njobs: {}", `on: push: "tags" is not simulated`},
		{"a pattern that takes branches away", "on: { push: { branches: ['**', '!main'] } }\njobs: {}", `the pattern "!main"`},
		{"both lists of branches", "on: { push: { branches: [a], branches-ignore: [b] } }\njobs: {}", "exclude each other"},
		{"triggers without an event", "on: []\njobs: {}", "on:"},
		{"reusable workflow", "a: { uses: ./.github/workflows/x.yml }", `job a: "uses" is not simulated`},
		{"matrix", "a: { strategy: { matrix: { n: [1] } }, steps: [] }", `"strategy" is not simulated`},
		{"matrix behind an alias", "a: { env: &e { strategy: x }, steps: [{ run: x }] }, b: *e", `"strategy" is not simulated`},
		{"expression in a job's condition", "a: { if: github.actor == 'x', steps: [] }", "is not simulated"},
		{"expression in a job's name", `a: { name: "${{ x }}", steps: [] }`, "expressions"},
		{"expression in a step's condition", "a: { steps: [{ run: x, if: \"success() || failure()\" }] }", "is not simulated"},
		{"expression in place of a flag", `a: { steps: [{ run: x, continue-on-error: "${{ x }}" }] }`, "not simulated"},
		{"another shell", "a: { steps: [{ run: x, shell: pwsh }] }", "shell pwsh"},
		{"expression in a script", `a: { steps: [{ run: "echo ${{ github.sha }}" }] }`, "expressions"},
		{"expression in the environment", `a: { env: { A: "${{ secrets.A }}" }, steps: [{ run: x }] }`, "expressions"},
		{"another commit checked out", "a: { steps: [{ uses: actions/checkout@v4, with: { ref: main } }] }", "with ref is not simulated"},
		{"a job without steps", "a: { runs-on: x }", "no steps"},
		{"a job whose id is a mapping", "on: push\njobs: {{}}", "its id"},
		{"a job whose id is a sentence", "on: push\njobs: { a b: { steps: [{ run: x }] } }", "its id"},
		{"empty step", "a: { steps: [{ name: x }] }", "neither run nor uses"},
		{"step that is two", "a: { steps: [{ run: x, uses: actions/checkout@v4 }] }", "both run and uses"},
		{"time-out before the start", "a: { timeout-minutes: -1, steps: [] }", "between 0 and 360"},
		{"time-out that is no number", "a: { timeout-minutes: .nan, steps: [] }", "between 0 and 360"},
		{"needs that is a map", "a: { needs: { b: c }, steps: [] }", "needs"},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			src := c.src
			if strings.HasPrefix(src, "a:") {
				src = "on: push\njobs: { " + src + " }"
			}
			if _, err := parseWorkflow("ci.yml", []byte(src)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestCIRefusesJobsThatWaitForThemselves(t *testing.T) {
	w, _ := withCI(t, CIOptions{Jobs: []Job{{Name: "a", After: []string{"b"}}, {Name: "b", After: []string{"a"}}, Command("c", "true")}})
	want := []string{
		"github-actions c: completed success: All steps passed",
		"github-actions a: completed failure: It waits for jobs that do not exist, or for itself",
		"github-actions b: completed failure: It waits for jobs that do not exist, or for itself",
	}
	if diff := cmp.Diff(want, told(w.checked(map[string]string{"a": "a"}))); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestLogsStayWithinTheirFrame(t *testing.T) {
	var log tail
	for range 3000 {
		_, _ = log.Write([]byte("```\n0123456789012345678901234567\xff\n"))
	}
	text := fence(log.String())
	if !strings.HasPrefix(text, "````\n… what came before") || !strings.HasSuffix(text, "\n````") || over(&text, maxText) {
		t.Errorf("a long log with fences became %.60q … %.20q, %d bytes", text, text[len(text)-20:], len(text))
	}
	if got := codeSpan("echo `date`"); got != "`` echo `date` ``" {
		t.Errorf("code span is %s", got)
	}
	if got := clip("äöü", 2); got != "ä…" {
		t.Errorf("clipped to %s", got)
	}
}

// Any file may be called a workflow.
func FuzzParseWorkflow(f *testing.F) {
	f.Add([]byte("on: push\njobs: { a: { name: A, needs: [b], timeout-minutes: 1, steps: [{ run: x, env: { A: b } }] }, b: { steps: [uses: actions/checkout@v4] } }"))
	f.Add([]byte("on: { push: { branches: [a/**, 'x*'] }, pull_request: { types: [opened] } }\njobs: { a: { if: always(), steps: [{ run: x, continue-on-error: true }] } }"))
	f.Add([]byte("jobs: &a { a: { needs: *a } }"))
	f.Add([]byte("on: &a [*a]"))
	f.Add([]byte("on: push\njobs: {{}}"))
	f.Add([]byte("jobs: { ? [a] : { steps: [] } }"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := parseWorkflow("ci.yml", data)
		if err != nil {
			w = w.refused(err)
		}
		if len(w.on) == 0 || len(w.jobs) == 0 {
			t.Errorf("%q gave %+v and %v: it would run nothing and say nothing", data, w, err)
		}
		for _, j := range w.jobs {
			if j.workflow != "ci.yml" || j.Timeout < 0 || j.Name == "" {
				t.Errorf("%q gave %+v and %v", data, j, err)
			}
		}
	})
}
