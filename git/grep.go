package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxNames    = 100  // to search for at once
	maxNameSize = 200  // bytes of one
	maxMatches  = 1000 // of one search
	maxPerFile  = 50   // lines of one file
	maxLineText = 300  // bytes of a line that are returned
)

// Match is a line that has a name.
type Match struct {
	Path string // raw bytes
	Line int    // counted from 1
	Name string // which of the names; a line with two is two matches
	Text string // the line without the space around it, at most 300 bytes around the name, valid UTF-8
}

// Matches are the lines found, sorted by path, line and name.
type Matches struct {
	Found []Match
	// More reports whether lines were left out: a file has more than 50, or
	// all have more than 1,000 together.
	More bool
}

// Grep looks for names, as whole words and byte by byte, in the text files of a
// commit. A word is made of ASCII letters, digits and the underscore. Each path
// is a file or a directory, in literal spelling; without paths nothing is
// found. Binary files (with a NUL near their start, or of more than 16 MiB),
// symlinks' targets and submodules are not searched.
//
// At most 100 names of 200 bytes may be given. A commit that is not here is a
// *NotFoundError; a search that takes too much is a *RefusedError.
func (r *Repo) Grep(ctx context.Context, commit string, names, paths []string) (Matches, error) {
	if err := checkSearch(commit, names, paths); err != nil {
		return Matches{}, fmt.Errorf("search: %w", err)
	}
	if len(names) == 0 || len(paths) == 0 {
		return Matches{}, nil
	}
	g := &grep{commit: commit, names: names}
	err := r.read(ctx, fmt.Sprintf("search %s for %d names in %d paths", commit, len(names), len(paths)), func(s *scratch) error {
		*g = grep{commit: commit, names: names}
		if err := s.require(ctx, "commit", commit); err != nil {
			return err
		}
		for rest := paths; len(rest) > 0 && !g.full(); {
			n := chunk(rest)
			if err := s.grep(ctx, g, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	if err != nil {
		return Matches{}, err
	}
	return g.matches(), nil
}

func checkSearch(commit string, names, paths []string) error {
	err := CheckID(commit)
	if len(names) > maxNames {
		err = errors.Join(err, fmt.Errorf("%d names are more than %d", len(names), maxNames))
	}
	for _, n := range names {
		err = errors.Join(err, checkName(n))
	}
	for _, p := range paths {
		err = errors.Join(err, checkPath(p))
	}
	return err
}

// checkName refuses what would not be one line of patterns.
func checkName(n string) error {
	if n == "" || len(n) > maxNameSize || strings.ContainsAny(n, "\n\r\x00") || !utf8.ValidString(n) {
		return fmt.Errorf("name %.80q is empty, longer than %d bytes, not UTF-8 or holds a line's end or NUL", n, maxNameSize)
	}
	return nil
}

// errEnough ends a child whose output is no longer needed.
var errEnough = errors.New("enough matches")

// grep hands on what git finds in paths. git grep takes --end-of-options for a
// revision; the commit is a full id, which is no option.
func (s *scratch) grep(ctx context.Context, g *grep, paths []string) error {
	args := append([]string{
		"grep", "-z", "-n", "-w", "-F", "-I", "--no-color", "--no-textconv", "--full-name", "--threads=1",
		"--max-count=" + strconv.Itoa(maxPerFile+1), "-f", "-", g.commit, "--",
	}, paths...)
	_, err := s.x.run(ctx, command{args: args, dir: s.repoDir, sink: g, stdin: []byte(strings.Join(g.names, "\n") + "\n"), silent: true})
	var child *childError
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.As(err, &child) && child.code == 1 && child.stderr == "" && g.idle():
		return nil // git's way to say that there is none
	case err == nil && !g.idle():
		return fmt.Errorf("git's search ends inside the match %.80q", g.part)
	}
	return err
}

// grep reads `git grep -z -n`: "<commit>:<path>", NUL, line number, NUL, line,
// newline. A path may hold newlines, a line may hold NULs.
type grep struct {
	commit string
	names  []string
	part   []byte
	lines  map[string]int // by path
	found  map[Match]bool
	more   bool
}

func (g *grep) idle() bool { return len(g.part) == 0 }
func (g *grep) full() bool { return len(g.found) >= maxMatches }

// Write takes p.
func (g *grep) Write(p []byte) (int, error) {
	g.part = append(g.part, p...)
	rest := g.part
	for {
		size, err := g.record(rest)
		if err != nil {
			return 0, err
		}
		if size == 0 {
			break
		}
		rest = rest[size:]
	}
	g.part = append(g.part[:0], rest...)
	return len(p), nil
}

// record takes the match at the start of b and returns its size; 0: b does not
// hold all of it.
func (g *grep) record(b []byte) (int, error) {
	where, rest, ok1 := bytes.Cut(b, []byte{0})
	number, rest, ok2 := bytes.Cut(rest, []byte{0})
	text, rest, ok3 := bytes.Cut(rest, []byte{'\n'})
	if !ok1 || !ok2 || !ok3 {
		return 0, nil
	}
	path, ok := strings.CutPrefix(string(where), g.commit+":")
	line, err := strconv.Atoi(string(number))
	if !ok || path == "" || err != nil || line < 1 {
		return 0, fmt.Errorf("git's match %.160q cannot be read", b)
	}
	return len(b) - len(rest), g.add(path, line, text)
}

// add keeps one match for each name that the line has.
func (g *grep) add(path string, line int, text []byte) error {
	if g.found == nil {
		g.found, g.lines = map[Match]bool{}, map[string]int{}
	}
	if g.lines[path]++; g.lines[path] > maxPerFile {
		g.more = true
		return nil
	}
	for _, name := range g.names {
		at := findWord(text, name)
		if at < 0 {
			continue
		}
		if g.full() {
			g.more = true
			return errEnough
		}
		g.found[Match{Path: path, Line: line, Name: name, Text: around(text, at, len(name))}] = true
	}
	return nil
}

func (g *grep) matches() Matches {
	m := Matches{More: g.more}
	for found := range g.found {
		m.Found = append(m.Found, found)
	}
	slices.SortFunc(m.Found, Match.compare)
	return m
}

func (m Match) compare(n Match) int {
	return cmp.Or(cmp.Compare(m.Path, n.Path), cmp.Compare(m.Line, n.Line), cmp.Compare(m.Name, n.Name), cmp.Compare(m.Text, n.Text))
}

// findWord returns where word stands in text on its own, as git sees it, or -1.
func findWord(text []byte, word string) int {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(word))
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(word)
		if (i == 0 || !inWord(text[i-1])) && (end == len(text) || !inWord(text[end])) {
			return i
		}
		from = i + 1
	}
}

func inWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// around cuts a line to what stands around a word.
func around(text []byte, at, size int) string {
	from, to := 0, len(text)
	if len(text) > maxLineText {
		from = max(at-(maxLineText-size)/2, 0)
		to = min(from+maxLineText, len(text))
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(text[from:to]), "\ufffd"))
}
