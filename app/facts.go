package app

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
)

// Commits are the commits that one judgement is about. Default is the tip of the default branch, where the contract is
// read; Base the tip of the branch that the pull request would land on. Landing is the tree that would really land, where
// one was built; "" for the merge of Base and Head.
type Commits struct{ Default, Base, Head, Landing string }

// ReadTree reads from git all that git knows of a pull request: the contract, and what would land. The App and
// `agentplane check` both read with it, so that a local verdict cannot differ from the App's. The contract is nil when it
// is missing or broken; the facts say which. An error means that git could not find out, which is worth another try.
func ReadTree(ctx context.Context, repo *git.Repo, c Commits) (*ownership.Contract, checks.Facts, error) {
	contract, state, err := readContract(ctx, repo, c.Default)
	if err != nil {
		return nil, checks.Facts{}, err
	}
	facts := checks.Facts{Contract: state, Base: checks.Ref{SHA: c.Base}, Head: checks.Ref{SHA: c.Head}}
	if contract != nil {
		repo = repo.WithPaths(contract.Limits.Paths)
	}
	facts.Touched, err = readTouched(ctx, repo, c)
	return contract, facts, err
}

// readContract reads the contract at a commit. Only a regular file counts: a symbolic link could name any other file, and
// an executable bit or a submodule is nobody's way to write a contract.
func readContract(ctx context.Context, repo *git.Repo, commit string) (*ownership.Contract, checks.ContractState, error) {
	state := checks.ContractState{Commit: commit}
	file, err := repo.Show(ctx, commit, ownership.FileName)
	var absent *git.NotFoundError
	var refused *git.RefusedError
	switch {
	case errors.As(err, &absent):
		state.Kind = checks.ContractMissing
		return nil, state, nil
	case errors.As(err, &refused) && refused.Kind == git.TooLarge:
		state.Kind, state.Size = checks.ContractTooLarge, int64(refused.Count)
		return nil, state, nil
	case errors.As(err, &refused):
		state.Kind, state.Detail = checks.ContractUnreadable, refused.Detail
		return nil, state, nil
	case err != nil:
		return nil, state, fmt.Errorf("read the contract at %s: %w", commit, err)
	case file.Mode != 0o100644:
		state.Kind, state.Mode = checks.ContractIrregular, file.Mode
		return nil, state, nil
	case len(file.Data) > ownership.MaxSize:
		state.Kind, state.Size = checks.ContractTooLarge, int64(len(file.Data))
		return nil, state, nil
	}
	contract, err := ownership.Parse(ownership.FileName, file.Data)
	if err != nil {
		state.Kind = checks.ContractInvalid
		if !errors.As(err, &state.Problems) {
			state.Problems = ownership.SyntaxErrors{{File: ownership.FileName, Line: 1, Col: 1, Msg: err.Error()}}
		}
		return nil, state, nil
	}
	state.Kind = checks.ContractFound
	return contract, state, nil
}

// readTouched reads what would land. What git refuses because of the commits themselves is a fact; every other failure is
// an error.
func readTouched(ctx context.Context, repo *git.Repo, c Commits) (*checks.Touched, error) {
	touch, err := repo.Touched(ctx, c.Base, c.Head)
	if err == nil && c.Landing != "" && touch.Landed != c.Landing {
		touch, err = landing(ctx, repo, c, touch)
	}
	if err != nil {
		return refusal(err)
	}
	touched := &checks.Touched{Conflicts: touch.Conflicts, Bases: touch.Bases, Changes: toChanges(touch.Changes)}
	if !touch.Conflicted() {
		touched.Landed = append([]string{}, touch.Paths...)
	}
	touched.Attributes, err = readAttributes(ctx, repo, c.Base, touch.Changes)
	if err != nil {
		return refusal(err)
	}
	return touched, nil
}

// landing is what a tree that was built changes, in the place of what git would merge now: a squash of what is stacked is
// merged in another way.
func landing(ctx context.Context, repo *git.Repo, c Commits, merge *git.Touch) (*git.Touch, error) {
	touch, err := repo.TouchedTree(ctx, c.Base, c.Landing)
	if err != nil {
		return nil, err
	}
	touch.Head, touch.Bases = merge.Head, merge.Bases
	return touch, nil
}

func toChanges(from []git.Change) []checks.Change {
	changes := make([]checks.Change, 0, len(from))
	for _, c := range from {
		changes = append(changes, checks.Change{Path: c.Path, OldMode: c.OldMode, NewMode: c.NewMode, OldID: c.OldID, NewID: c.NewID})
	}
	return changes
}

// refusal turns git's refusal into a fact.
func refusal(err error) (*checks.Touched, error) {
	var refused *git.RefusedError
	if !errors.As(err, &refused) {
		return nil, err
	}
	return &checks.Touched{Refused: &checks.Refusal{
		Kind: checks.RefusalKind(refused.Kind), Path: refused.Path, Detail: refused.Detail, Fix: refused.Fix,
		Count: refused.Count, Limit: refused.Limit,
	}}, nil
}

// readAttributes reads the .gitattributes files that can speak about the changed paths, as the target has them: a pull
// request must not declare its own files generated.
func readAttributes(ctx context.Context, repo *git.Repo, base string, changes []git.Change) (map[string]string, error) {
	dirs := map[string]bool{"": true}
	for _, c := range changes {
		for dir := path.Dir(c.Path); dir != "." && dir != "/" && !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	var files []string
	for dir := range dirs {
		files = append(files, path.Join(dir, ".gitattributes"))
	}
	slices.Sort(files)
	found, err := repo.ShowAll(ctx, base, files...)
	if err != nil {
		return nil, fmt.Errorf("read .gitattributes at %s: %w", base, err)
	}
	attributes := map[string]string{}
	for name, file := range found {
		if file.Mode == 0o100644 || file.Mode == 0o100755 {
			attributes[dirOf(name)] = string(file.Data)
		}
	}
	return attributes, nil
}

// dirOf is the directory of a path, "" for the root.
func dirOf(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}
