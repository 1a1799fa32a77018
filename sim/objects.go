package sim

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// signature is the author or the committer of a commit.
type signature struct {
	name, email string
	at          time.Time
}

// commit is a parsed git commit.
type commit struct {
	id, tree          string
	parents           []string
	author, committer signature
	message           string
	touched           []diffFile // against the first parent; nil before git was asked
}

// entry is one line of a git tree.
type entry struct {
	mode, name, id string
}

// kind is the entry's object type, as GitHub names it.
func (e entry) kind() string {
	switch e.mode {
	case "40000":
		return "tree"
	case "160000":
		return "commit"
	}
	return "blob"
}

// commit reads a commit by any revision that leads to one. Commits never
// change, so that those named by their id are kept.
func (r *Repo) commit(rev string) (*commit, error) {
	if c := r.commits[rev]; c != nil {
		return c, nil
	}
	o, err := r.objects.read(rev + "^{commit}")
	if err != nil {
		return nil, err
	}
	if c := r.commits[o.id]; c != nil {
		return c, nil
	}
	c := parseCommit(o)
	r.commits[o.id] = c
	return c, nil
}

func parseCommit(o object) *commit {
	c := &commit{id: o.id}
	head, message, _ := strings.Cut(string(o.data), "\n\n")
	c.message = message
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseSignature(value)
		case "committer":
			c.committer = parseSignature(value)
		}
	}
	return c
}

// parseSignature reads "Name <mail> 1700000000 +0000". Garbage gives what can
// be read of it: hostile commits are kept readable.
func parseSignature(s string) signature {
	name, rest, _ := strings.Cut(s, "<")
	email, stamp, _ := strings.Cut(rest, ">")
	out := signature{name: strings.TrimSpace(name), email: email}
	if fields := strings.Fields(stamp); len(fields) > 0 {
		if seconds, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			out.at = time.Unix(seconds, 0).UTC()
		}
	}
	return out
}

// tree reads a tree by any revision that leads to one.
func (r *Repo) tree(rev string) (string, []entry, error) {
	o, err := r.objects.read(rev + "^{tree}")
	if err != nil {
		return "", nil, err
	}
	entries, err := parseTree(o.data)
	return o.id, entries, err
}

func parseTree(data []byte) ([]entry, error) {
	var entries []entry
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		if !ok || !spaced || len(rest) < 20 {
			return nil, fmt.Errorf("git tree is cut off after %d entries", len(entries))
		}
		entries = append(entries, entry{mode: mode, name: name, id: hex.EncodeToString(rest[:20])})
		data = rest[20:]
	}
	return entries, nil
}

// lookup finds a path in a commit; errNoObject when it is not there.
func (r *Repo) lookup(c *commit, path string) (entry, error) {
	at := entry{mode: "40000", id: c.tree}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" {
			continue
		}
		if at.kind() != "tree" {
			return entry{}, errNoObject
		}
		_, entries, err := r.tree(at.id)
		if err != nil {
			return entry{}, err
		}
		found := false
		for _, e := range entries {
			if e.name == segment {
				at, found = e, true
				break
			}
		}
		if !found {
			return entry{}, errNoObject
		}
	}
	return at, nil
}

// reachable walks all ancestors of a commit, itself included. Missing objects
// end the walk silently: a shallow or damaged history has fewer ancestors.
func (r *Repo) reachable(from string, stop map[string]bool) map[string]bool {
	seen := map[string]bool{}
	queue := []string{from}
	for len(queue) > 0 {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[id] || stop[id] {
			continue
		}
		c, err := r.commit(id)
		if err != nil {
			continue
		}
		seen[id] = true
		queue = append(queue, c.parents...)
	}
	return seen
}

// between lists the commits reachable from head and not from base, parents
// before children, as GitHub lists the commits of a pull request.
func (r *Repo) between(base, head string) []*commit {
	stop := map[string]bool{}
	if base != "" {
		stop = r.reachable(base, nil)
	}
	var out []*commit
	done := map[string]bool{}
	type visit struct {
		id       string
		expanded bool
	}
	stack := []visit{{id: head}}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		c, err := r.commit(v.id)
		if err != nil || stop[v.id] || done[v.id] {
			continue
		}
		if v.expanded {
			done[v.id] = true
			out = append(out, c)
			continue
		}
		stack = append(stack, visit{id: v.id, expanded: true})
		for i := len(c.parents) - 1; i >= 0; i-- {
			stack = append(stack, visit{id: c.parents[i]})
		}
	}
	return out
}
