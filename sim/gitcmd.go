package sim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// gitEnv is the whole environment of git children: nothing of the user's
// configuration, identity or tracing reaches them.
func gitEnv(extra ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C", "TZ=UTC",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_AUTHOR_NAME=GitHub", "GIT_AUTHOR_EMAIL=noreply@github.com",
		"GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com"}
	return append(env, extra...)
}

func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	cmd.Env = gitEnv()
	return cmd
}

// gitError is a git child that ended with an error.
type gitError struct {
	args   []string
	stderr string
	code   int
}

// Error names the command and what git said.
func (e *gitError) Error() string {
	return fmt.Sprintf("git %s: exit %d: %s", strings.Join(e.args, " "), e.code, strings.TrimSpace(e.stderr))
}

// git runs one git command in a folder and returns its standard output.
func (g *GitHub) git(dir string, stdin []byte, args ...string) ([]byte, error) {
	cmd := gitCommand(g.ctx, dir, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout.Bytes(), &gitError{args: args, stderr: stderr.String(), code: exit.ExitCode()}
	}
	if err != nil {
		return nil, fmt.Errorf("git %s in %s: %w", strings.Join(args, " "), dir, err)
	}
	return stdout.Bytes(), nil
}

// objectReader keeps one `git cat-file --batch` per repository, so that
// reading an object costs no process. Not safe for concurrent use; the
// simulator's lock guards it.
type objectReader struct {
	ctx    context.Context
	dir    string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// object is one git object.
type object struct {
	id, kind string
	data     []byte
}

var errNoObject = errors.New("no such git object")

// read returns the object that a revision names; errNoObject when there is none.
func (o *objectReader) read(rev string) (object, error) {
	if rev == "" || strings.ContainsAny(rev, "\n\x00") {
		return object{}, errNoObject
	}
	if err := o.start(); err != nil {
		return object{}, err
	}
	if _, err := io.WriteString(o.stdin, rev+"\n"); err != nil {
		o.close()
		return object{}, fmt.Errorf("ask git for object %s: %w", rev, err)
	}
	found, err := o.answer()
	if err != nil && !errors.Is(err, errNoObject) {
		o.close()
		return object{}, fmt.Errorf("read git object %s: %w", rev, err)
	}
	return found, err
}

func (o *objectReader) answer() (object, error) {
	line, err := o.stdout.ReadString('\n')
	if err != nil {
		return object{}, err
	}
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[1] == "missing" || fields[1] == "ambiguous" {
		return object{}, errNoObject
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return object{}, errNoObject
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(o.stdout, data); err != nil {
		return object{}, err
	}
	return object{id: fields[0], kind: fields[1], data: data[:size]}, nil
}

func (o *objectReader) start() error {
	if o.cmd != nil {
		return nil
	}
	cmd := gitCommand(o.ctx, o.dir, "cat-file", "--batch")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("read objects of %s: %w", o.dir, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("read objects of %s: %w", o.dir, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("read objects of %s: start git: %w", o.dir, err)
	}
	o.cmd, o.stdin, o.stdout = cmd, stdin, bufio.NewReader(stdout)
	return nil
}

// close ends the child; the next read starts another.
func (o *objectReader) close() {
	if o.cmd == nil {
		return
	}
	_ = o.stdin.Close()
	_ = o.cmd.Wait()
	o.cmd = nil
}
