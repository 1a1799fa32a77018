package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// foreignWorkflow is a workflow file that the move would change though the App
// behind it has no permission for workflows; "" when there is none. The move's
// ends are compared, and each commit that is new to the repository with its
// first parent.
func (m move) foreignWorkflow() (string, error) {
	if m.who.app() == nil || m.after == "" || m.who.token.may("workflows", 2) || !strings.HasPrefix(m.ref, "refs/heads/") {
		return "", nil
	}
	if m.before != "" {
		if file, err := m.repo.workflowDiff(m.before, m.after); file != "" || err != nil {
			return file, err
		}
	}
	known := map[string]bool{}
	for _, tip := range m.repo.refs {
		for id := range m.repo.reachable(tip, known) {
			known[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.repo.reachable(m.after, known))) {
		c, err := m.repo.commit(id)
		if err != nil {
			return "", fmt.Errorf("read the new commit %s: %w", id, err)
		}
		parent := emptyTree
		if len(c.parents) > 0 {
			parent = c.parents[0]
		}
		if file, err := m.repo.workflowDiff(parent, id); file != "" || err != nil {
			return file, err
		}
	}
	return "", nil
}

// workflowDiff is the first workflow file that differs between two commits.
func (r *Repo) workflowDiff(from, to string) (string, error) {
	out, err := r.g.git(r.Dir, nil, "diff-tree", "-r", "--no-renames", "--name-only", "-z", from, to, "--", ".github/workflows/")
	if err != nil {
		return "", fmt.Errorf("compare the workflows of %s and %s: %w", short(from), short(to), err)
	}
	file, _, _ := strings.Cut(string(out), "\x00")
	return file, nil
}

func workflowRefused(file string) string {
	return "refusing to allow a GitHub App to create or update workflow `" + file + "` without `workflows` permission"
}
