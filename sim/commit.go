package sim

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Commit is a change to commit to a branch of a repository. For histories it
// cannot express, write them with plain git and call [Repo.Pushed].
type Commit struct {
	By      *User // commits and pushes; nil means the repository's owner
	Branch  string
	From    string // branch or commit that a new branch starts from; "" means the default branch
	Message string
	// Files maps paths to their new content; Executable, Links and Modules say
	// which are no plain files: a link's content is its target, a module's a
	// commit id.
	Files      map[string]string
	Executable []string
	Links      []string
	Modules    []string
	Delete     []string // paths, or folders, to remove
	Parents    []string // further parents: makes it a merge whose tree is the branch's with these changes
}

// Commit commits to a branch and announces the push. It returns the new commit.
func (r *Repo) Commit(c Commit) (string, error) {
	r.writing <- struct{}{}
	defer func() { <-r.writing }()
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if c.By == nil {
		c.By = r.owner
	}
	script, err := r.importScript(c)
	if err != nil {
		return "", fmt.Errorf("commit to %s of %s: %w", c.Branch, r.fullName(), err)
	}
	out, err := r.g.git(r.Dir, script, "fast-import", "--quiet", "--force", "--done")
	if err != nil {
		return "", fmt.Errorf("commit to %s of %s: %w", c.Branch, r.fullName(), err)
	}
	id := strings.TrimSpace(string(out))
	if err := r.allowCommit(c, id); err != nil {
		return "", fmt.Errorf("commit to %s of %s: %w", c.Branch, r.fullName(), err)
	}
	return id, r.announce(c.By)
}

// allowCommit takes a commit off its branch again that the branch's rules refuse.
func (r *Repo) allowCommit(c Commit, id string) error {
	m := move{repo: r, who: pusher{by: c.By}, ref: "refs/heads/" + c.Branch, before: r.refs["refs/heads/"+c.Branch], after: id}
	refused, err := m.refuse()
	if refused != nil {
		err = fmt.Errorf("GitHub refuses it: %s", strings.TrimSpace(refused.message()))
	}
	if err == nil {
		return nil
	}
	args := []string{"update-ref", m.ref, m.before}
	if m.before == "" {
		args = []string{"update-ref", "-d", m.ref}
	}
	_, undo := r.g.git(r.Dir, nil, args...)
	return errors.Join(err, undo)
}

// importScript writes the change for `git fast-import`, which answers the id.
func (r *Repo) importScript(c Commit) ([]byte, error) {
	ref := "refs/heads/" + c.Branch
	parent := r.refs[ref]
	if parent == "" {
		parent = r.startOf(c.From)
		if parent == "" && len(r.refs) > 0 {
			return nil, fmt.Errorf("the branch is new and its start %q is no branch or commit", c.From)
		}
	}
	var b bytes.Buffer
	who := fmt.Sprintf("%s <%s> %d +0000", c.By.Login, c.By.email(), r.g.now().Unix())
	fmt.Fprintf(&b, "commit %s\nmark :1\nauthor %s\ncommitter %s\n%s", ref, who, who, data(c.Message))
	if parent != "" {
		fmt.Fprintf(&b, "from %s\n", parent)
	}
	for _, p := range c.Parents {
		fmt.Fprintf(&b, "merge %s\n", p)
	}
	for _, path := range c.Delete {
		fmt.Fprintf(&b, "D %s\n", quotePath(path))
	}
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		content := c.Files[path]
		switch {
		case slices.Contains(c.Modules, path):
			fmt.Fprintf(&b, "M 160000 %s %s\n", content, quotePath(path))
			continue
		case slices.Contains(c.Links, path):
			fmt.Fprintf(&b, "M 120000 inline %s\n", quotePath(path))
		case slices.Contains(c.Executable, path):
			fmt.Fprintf(&b, "M 100755 inline %s\n", quotePath(path))
		default:
			fmt.Fprintf(&b, "M 100644 inline %s\n", quotePath(path))
		}
		b.WriteString(data(content))
	}
	b.WriteString("\nget-mark :1\ndone\n")
	return b.Bytes(), nil
}

// startOf resolves where a new branch starts.
func (r *Repo) startOf(from string) string {
	if from == "" {
		from = r.defaultBranch
	}
	if id := r.refs["refs/heads/"+from]; id != "" {
		return id
	}
	if c, err := r.commit(from); err == nil {
		return c.id
	}
	return ""
}

func data(s string) string { return fmt.Sprintf("data %d\n%s\n", len(s), s) }

// quotePath quotes a path as git does, byte by byte.
func quotePath(path string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(path) {
		switch c := path[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
