package sim

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
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
	conclusion string
	title      string
	summary    string
	log        string
	exit       int // of the step that failed; 0 when none did
}

// runSteps runs the steps until one fails. Whatever a step leaves running is
// ended with it.
func runSteps(ctx context.Context, dir string, env []string, steps []Step, timeout time.Duration) outcome {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var log tail
	var summary strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&log, "$ %s\n", strings.TrimSpace(s.Run))
		err := s.run(ctx, dir, env, &log)
		if err == nil {
			fmt.Fprintf(&summary, "- %s: passed\n", codeSpan(s.title()))
			continue
		}
		out := ended(ctx, err)
		fmt.Fprintf(&summary, "- %s: %s\n", codeSpan(s.title()), out.title)
		for _, skipped := range steps[i+1:] {
			fmt.Fprintf(&summary, "- %s: not run\n", codeSpan(skipped.title()))
		}
		out.title = s.title() + ": " + out.title
		out.summary, out.log = summary.String(), log.String()
		return out
	}
	return outcome{conclusion: "success", title: "All steps passed", summary: summary.String(), log: log.String()}
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
func (s Step) run(ctx context.Context, dir string, env []string, log *tail) error {
	if s.Dir != "" && !filepath.IsLocal(s.Dir) {
		return fmt.Errorf("working directory %q is outside the checkout", s.Dir)
	}
	shell := "bash"
	if _, err := exec.LookPath(shell); err != nil {
		shell = "sh"
	}
	cmd := exec.CommandContext(ctx, shell, "-e", "-c", s.Run)
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
	if o.exit != 0 {
		// GitHub Actions marks a failed job in this place too.
		output.Annotations = []annotation{{Path: ".github", StartLine: ptr(1), EndLine: ptr(1), Level: "failure",
			Message: ptr(fmt.Sprintf("Process completed with exit code %d.", o.exit))}}
	}
	return checkRequest{Status: ptr("completed"), Conclusion: &o.conclusion, Output: &output}
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
