package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// keptLog is how much of the end of a job's output is reported, in bytes: it
// fits into a check run's text, of at most 65,535 characters.
const keptLog = 60_000

// outcome is how a job ended.
type outcome struct {
	conclusion  string
	title       string
	summary     string
	log         string
	exit        int // of the step that failed; 0 when none did
	annotations []annotation
	steps       []jobStep
}

// progress is a job that runs: its steps as the API shows them.
type progress struct {
	b       *build
	job     Job
	steps   []jobStep
	log     console
	summary strings.Builder
}

// layout is a job's steps before any has run: the job's set-up, its own, what
// its actions clean up, and the end. GitHub leaves room for each step to clean
// up, so that the last number is twice that of the last own step, and one.
func layout(j Job) []jobStep {
	steps := []jobStep{{number: 1, name: "Set up job", status: "queued"}}
	var post []jobStep
	for i, s := range j.Steps {
		steps = append(steps, jobStep{number: i + 2, name: s.display(), status: "queued"})
		if s.Uses != "" {
			checkout := strings.HasPrefix(s.Uses, "actions/checkout@")
			post = append([]jobStep{{name: "Post " + s.display(), status: "queued", calm: !checkout}}, post...)
		}
	}
	last := 2 * len(steps)
	for i := range post {
		post[i].number = last - len(post) + 1 + i
	}
	return append(append(steps, post...), jobStep{number: last + 1, name: "Complete job", status: "queued"})
}

// show makes the steps visible to all.
func (p *progress) show() {
	p.b.locked(func() {
		if c := p.b.run.job(p.job.key()); c != nil && c.status != "completed" {
			old := *c
			old.older = nil
			c.older, c.changed, c.steps = &old, len(p.b.repo.g.requests), slices.Clone(p.steps)
		}
	})
}

func (p *progress) begin(i int) {
	p.steps[i].status, p.steps[i].started = "in_progress", p.b.ci.g.now()
	p.show()
}

func (p *progress) end(i int, conclusion string) {
	p.steps[i].end(conclusion, p.b.ci.g.now())
	p.show()
}

// broken ends a job that could not be set up.
func (p *progress) broken(title string, err error) outcome {
	p.steps[0].end("failure", p.b.ci.g.now())
	return p.finish(outcome{conclusion: "failure", title: title, log: err.Error()})
}

// finish ends the steps that are left: what was not reached is skipped, and
// actions clean up; some only when all went well.
func (p *progress) finish(out outcome) outcome {
	now, own := p.b.ci.g.now(), len(p.job.Steps)+1
	for i := range p.steps {
		switch {
		case i == len(p.steps)-1, i >= own && p.steps[0].conclusion == "success" && (out.conclusion == "success" || !p.steps[i].calm):
			p.steps[i].end("success", now)
		default:
			p.steps[i].end("skipped", now)
		}
	}
	out.steps = p.steps
	return out
}

// runSteps runs the steps whose conditions hold. Whatever a step leaves
// running is ended with it.
func (p *progress) runSteps(ctx context.Context, dir string, env []string) outcome {
	out := outcome{conclusion: "success", title: "All steps passed"}
	state := standing{ok: true}
	for i, s := range p.job.Steps {
		holds, err := state.holds(s.If)
		if stopped := ctx.Err(); stopped != nil && out.conclusion == "success" {
			out = ended(ctx, stopped) // between two steps: what is left did not run
			out.title = s.title() + ": " + out.title
		}
		if !holds && err == nil || ctx.Err() != nil {
			fmt.Fprintf(&p.summary, "- %s: not run\n", codeSpan(s.title()))
			p.end(i+1, "skipped")
			continue
		}
		p.begin(i + 1)
		if err == nil {
			p.log.step(s, dir)
			err = s.run(ctx, dir, env, &p.log)
			p.log.flush()
		}
		conclusion := p.account(ctx, s, err, &out)
		state = standing{ok: state.ok && conclusion == "success", failed: state.failed || conclusion != "success"}
		p.end(i+1, conclusion)
	}
	out.summary, out.log, out.annotations = p.summary.String(), p.log.tail.String(), p.log.found
	return p.finish(out)
}

// account adds a step's end to the job's, and returns the step's conclusion.
// The first failure is the job's.
func (p *progress) account(ctx context.Context, s Step, err error, out *outcome) string {
	if err == nil {
		fmt.Fprintf(&p.summary, "- %s: passed\n", codeSpan(s.title()))
		return "success"
	}
	how := ended(ctx, err)
	if how.exit != 0 {
		p.log.fail(fmt.Sprintf("Process completed with exit code %d.", how.exit))
	}
	if s.ContinueOnError && how.conclusion == "failure" {
		fmt.Fprintf(&p.summary, "- %s: %s, and went on\n", codeSpan(s.title()), how.title)
		return "success"
	}
	fmt.Fprintf(&p.summary, "- %s: %s\n", codeSpan(s.title()), how.title)
	if out.conclusion == "success" {
		out.conclusion, out.exit, out.title = how.conclusion, how.exit, s.title()+": "+how.title
	}
	if how.conclusion == "timed_out" {
		return "cancelled"
	}
	return how.conclusion
}

// ended says how a step that did not pass ended.
func ended(ctx context.Context, err error) outcome {
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return outcome{conclusion: "timed_out", title: "took too long"}
	case ctx.Err() != nil:
		return outcome{conclusion: "cancelled", title: "the CI was stopped"}
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return outcome{conclusion: "failure", title: fmt.Sprintf("exit code %d", exit.ExitCode()), exit: exit.ExitCode()}
	}
	return outcome{conclusion: "failure", title: err.Error(), exit: 1}
}

// run runs one step in a process group of its own.
func (s Step) run(ctx context.Context, dir string, env []string, log *console) error {
	if s.Uses != "" {
		return nil // the checkout is done, and tools come from the PATH
	}
	if s.Dir != "" && !filepath.IsLocal(s.Dir) {
		return fmt.Errorf("working directory %q is outside the checkout", s.Dir)
	}
	shell := "bash"
	if _, err := exec.LookPath(shell); err != nil {
		shell = "sh"
	}
	script := s.Run
	if s.pipefail {
		script = "set -o pipefail\n" + script
	}
	cmd := exec.CommandContext(ctx, shell, "-e", "-c", script)
	cmd.Dir, cmd.Env = filepath.Join(dir, s.Dir), append(env[:len(env):len(env)], variables(s.Env)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // a child that keeps the output open does not hold the job up
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // the step itself ended well
	}
	return err
}

// request is what the check run of a finished job becomes.
func (o outcome) request() checkRequest {
	output := checkOutput{Title: ptr(clip(o.title, maxTitle)), Summary: ptr(clip(o.summary, maxText))}
	if o.log != "" {
		output.Text = ptr(fence(o.log))
	}
	output.Annotations = o.annotations
	return checkRequest{Status: ptr("completed"), Conclusion: &o.conclusion, Output: &output, steps: o.steps}
}

// tail keeps the last keptLog bytes written to it.
type tail struct {
	kept []byte
	cut  bool
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - keptLog; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
	return len(p), nil
}

// String is the kept output as valid UTF-8.
func (t *tail) String() string {
	text := strings.ToValidUTF8(string(t.kept), "\uFFFD")
	if t.cut {
		text = "… what came before is left out\n" + text
	}
	return text
}

// fence puts text into a Markdown code block that it cannot leave.
func fence(text string) string {
	marks := "```"
	for strings.Contains(text, marks) {
		marks += "`"
	}
	return marks + "\n" + strings.TrimSuffix(text, "\n") + "\n" + marks
}

// codeSpan puts a line into a Markdown code span that it cannot leave.
func codeSpan(line string) string {
	marks := "`"
	for strings.Contains(line, marks) {
		marks += "`"
	}
	return marks + " " + line + " " + marks
}

// clip shortens text to a number of characters.
func clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// title is what the summary calls a step.
func (s Step) title() string {
	return cmp.Or(s.Name, firstLine(strings.TrimSpace(s.Run)), "Run "+s.Uses)
}

// display is what the API calls a step.
func (s Step) display() string {
	return cmp.Or(s.Name, "Run "+cmp.Or(s.Uses, firstLine(strings.TrimSpace(s.Run))))
}
