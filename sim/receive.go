package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// push is a request of git's receive-pack: what it wants to move, and the pack
// with the objects it brings.
type push struct {
	moves []move
	caps  []string
	pack  []byte
}

// parsePush reads the commands of a push up to the flush packet. Anything that
// cannot be read is an error: git would refuse it too.
func parsePush(body []byte) (push, error) {
	var p push
	for {
		line, rest, err := packetLine(body)
		if err != nil {
			return p, err
		}
		body = rest
		if line == nil {
			p.pack = body
			return p, nil
		}
		command, caps, found := strings.Cut(string(line), "\x00")
		if found {
			p.caps = strings.Fields(caps)
		}
		if strings.HasPrefix(command, "shallow ") {
			continue
		}
		parts := strings.SplitN(strings.TrimSuffix(command, "\n"), " ", 3)
		if len(parts) != 3 || len(parts[0]) != 40 || len(parts[1]) != 40 {
			return p, fmt.Errorf("read a push: %q is no command", command)
		}
		p.moves = append(p.moves, move{ref: parts[2], before: idOf(parts[0]), after: idOf(parts[1])})
	}
}

// idOf is "" for the id that means that there is none.
func idOf(text string) string {
	if text == noCommit {
		return ""
	}
	return text
}

// packetLine cuts one packet off; nil is a flush packet.
func packetLine(body []byte) (line, rest []byte, err error) {
	if len(body) < 4 {
		return nil, nil, fmt.Errorf("read a push: it ends within a packet")
	}
	n, err := strconv.ParseUint(string(body[:4]), 16, 16)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read a push: %q is no length of a packet", body[:4])
	case n == 0:
		return nil, body[4:], nil
	case n < 4 || int(n) > len(body):
		return nil, nil, fmt.Errorf("read a push: a packet of %d bytes where there are %d", n, len(body))
	}
	return body[4:n], body[n:], nil
}

// guarded tells whether anything could refuse the caller's push.
func (c *gitCall) guarded() bool {
	return len(c.repo.protections) > 0 || len(c.repo.rulesets) > 0 || c.who.app() != nil && !c.who.token.may("workflows", 2)
}

// refusePush judges a push by the branches' rules before git takes it, and
// writes the answer when one of its moves is refused: then none is made. The
// body is what is left for git to read.
func (c *gitCall) refusePush(body io.Reader, out io.Writer, fault Fault) (io.Reader, bool) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	if !c.guarded() && fault != FaultRefused {
		return body, false
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return bytes.NewReader(data), false
	}
	p, err := parsePush(data)
	if err != nil || c.unpack(p) != nil {
		return bytes.NewReader(data), false // git says what is wrong with it
	}
	lines, words := c.judge(p, fault)
	if len(words) == 0 {
		return bytes.NewReader(data), false
	}
	p.reject(out, lines, words)
	return nil, true
}

// judge is what git shows of the moves that are refused: lines, and a word for
// each reference.
func (c *gitCall) judge(p push, fault Fault) (lines []string, words map[string]string) {
	words = map[string]string{}
	for _, m := range p.moves {
		if fault == FaultRefused {
			lines, words[m.ref] = []string{"fatal error in commit_refs"}, "failure"
			continue
		}
		m.repo, m.who = c.repo, c.who
		refused, err := m.refuse()
		if err != nil {
			c.g.o.Log.Error("simulated github could not judge a push", "repo", c.repo.fullName(), "ref", m.ref, "err", err)
			lines, words[m.ref] = append(lines, "error: Internal Server Error"), "Internal Server Error"
		}
		if refused != nil {
			said, word := refused.remote(m)
			lines, words[m.ref] = append(lines, said...), word
		}
	}
	return lines, words
}

// unpack puts the pushed objects into the repository. Those of a push that is
// then refused stay there, named by nothing.
func (c *gitCall) unpack(p push) error {
	if len(p.pack) == 0 {
		return nil
	}
	_, err := c.g.git(c.repo.Dir, p.pack, "unpack-objects", "-q")
	return err
}

// reject answers as receive-pack does when a hook declined: lines for people,
// and a word for each reference.
func (p push) reject(out io.Writer, lines []string, words map[string]string) {
	var report strings.Builder
	report.WriteString(packet("unpack ok\n"))
	for _, m := range p.moves {
		word := words[m.ref]
		if word == "" {
			word = "pre-receive hook declined"
		}
		report.WriteString(packet("ng " + m.ref + " " + word + "\n"))
	}
	report.WriteString("0000")
	if !slices.Contains(p.caps, "side-band-64k") {
		_, _ = io.WriteString(out, report.String())
		return
	}
	for _, line := range lines {
		_, _ = io.WriteString(out, packet("\x02"+line+"\n"))
	}
	_, _ = io.WriteString(out, packet("\x01"+report.String())+"0000")
}

func packet(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// replica is a repository that shares the objects and has the references as
// before the last change, while that may be seen late.
func (c *gitCall) replica() string {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	r := c.repo
	if !c.g.staleWindow(r.refsChanged) {
		return r.Dir
	}
	dir := strings.TrimSuffix(r.Dir, ".git") + ".replica.git"
	objects, err := filepath.Abs(r.Dir + "/objects")
	if err != nil {
		return r.Dir
	}
	_, err = c.g.git(c.g.o.Dir, nil, "init", "--quiet", "--bare", "--initial-branch="+r.defaultBranch, dir)
	packed := "# pack-refs with: sorted \n"
	for _, ref := range slices.Sorted(maps.Keys(r.staleRefs)) {
		packed += r.staleRefs[ref] + " " + ref + "\n"
	}
	for name, content := range map[string]string{"packed-refs": packed,
		"objects/info/alternates": objects + "\n", "HEAD": "ref: refs/heads/" + r.defaultBranch + "\n"} {
		err = errors.Join(err, writeFile(dir, name, content))
	}
	if err = errors.Join(err, r.configure(dir)); err != nil {
		c.g.o.Log.Error("simulated github could not make a replica", "repo", r.fullName(), "err", err)
		return r.Dir
	}
	return dir
}
