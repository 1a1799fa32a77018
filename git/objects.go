package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// treesOf returns the trees of commits, and a *NotFoundError where an id is no
// object here.
func (s *scratch) treesOf(ctx context.Context, commits ...string) ([]string, error) {
	var ask strings.Builder
	for _, id := range commits {
		ask.WriteString(id + "\n" + id + "^{tree}\n")
	}
	out, err := s.x.run(ctx, command{args: []string{"cat-file", "--batch-check"}, dir: s.repoDir, stdin: []byte(ask.String())})
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(out), "\n")
	if len(lines) != 2*len(commits)+1 {
		return nil, fmt.Errorf("git answered %.200q for %d commits", out, len(commits))
	}
	var trees []string
	for i, id := range commits {
		o, err := parseObject(lines[2*i])
		switch {
		case err != nil:
			return nil, err
		case o.missing:
			return nil, &NotFoundError{Rev: id}
		case o.kind != "commit" || o.id != id:
			return nil, fmt.Errorf("object %s is a %s, not a commit", id, o.kind)
		}
		t, err := parseObject(lines[2*i+1])
		if err != nil || t.kind != "tree" {
			return nil, missingObject("cat-file", id+"^{tree}")
		}
		trees = append(trees, t.id)
	}
	return trees, nil
}

// missingObject is what git would say of an object that is not there.
func missingObject(args, id string) error {
	return &childError{name: "git " + args, stderr: "fatal: unable to read " + id, err: errors.New("missing object")}
}

// require reports a *NotFoundError unless every id is an object of this kind.
func (s *scratch) require(ctx context.Context, kind string, ids ...string) error {
	found, err := s.objects(ctx, ids)
	if err != nil {
		return err
	}
	for i, o := range found {
		if o.missing {
			return &NotFoundError{Rev: ids[i]}
		}
		if o.kind != kind {
			return fmt.Errorf("object %s is a %s, not a %s", ids[i], o.kind, kind)
		}
	}
	return nil
}

// objects asks for the kinds and sizes of objects, in order.
func (s *scratch) objects(ctx context.Context, ids []string) ([]object, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := s.x.run(ctx, command{
		args: []string{"cat-file", "--batch-check"}, dir: s.repoDir, stdin: []byte(strings.Join(ids, "\n") + "\n"),
	})
	if err != nil {
		return nil, err
	}
	var found []object
	for line := range strings.Lines(string(out)) {
		o, err := parseObject(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		if len(found) < len(ids) && o.id != ids[len(found)] {
			return nil, fmt.Errorf("git answered for object %s when asked for %s", o.id, ids[len(found)])
		}
		found = append(found, o)
	}
	if len(found) != len(ids) {
		return nil, fmt.Errorf("git answered for %d objects of %d", len(found), len(ids))
	}
	return found, nil
}
