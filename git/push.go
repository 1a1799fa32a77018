package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Push moves a reference of the remote to the commit to, if it is at expect.
// The remote itself compares and swaps. An empty expect means the reference
// must not exist yet; an empty to deletes it.
//
// A reference found elsewhere is a *MovedError with what was read back, and
// *RejectedError is the remote's refusal for reasons of its own. After a
// *RemoteError it is unknown whether the reference moved: ask Tips before
// trying again.
func (r *Repo) Push(ctx context.Context, ref, to, expect string) error {
	if err := checkPush(ref, to, expect); err != nil {
		return fmt.Errorf("push: %w", err)
	}
	var out []byte
	err := r.read(ctx, fmt.Sprintf("push %q", ref), func(s *scratch) error {
		if to != "" {
			if err := s.require(ctx, "commit", to); err != nil {
				return err
			}
		}
		c, err := r.talk(ctx, command{dir: repoDir{git: r.dir}, transfer: true, args: []string{
			"push", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no",
			"--force-with-lease=" + ref + ":" + expect, "--end-of-options", r.remote.URL, to + ":" + ref,
		}})
		if err == nil {
			out, err = r.x.run(ctx, c)
		}
		return asPushed(&out, err)
	})
	if err != nil {
		return err
	}
	return r.judgePush(ctx, ref, to, expect, string(out))
}

func checkPush(ref, to, expect string) error {
	if err := CheckRef(ref); err != nil {
		return err
	}
	if to == "" && expect == "" {
		return errors.New("neither a new nor an expected commit is given")
	}
	for _, id := range []string{to, expect} {
		if id == "" {
			continue
		}
		if err := CheckID(id); err != nil {
			return err
		}
	}
	return nil
}

// asPushed keeps the report of a push that failed for its references, and
// turns every other failure into what it says about the remote.
func asPushed(out *[]byte, err error) error {
	var child *childError
	if !errors.As(err, &child) {
		return err
	}
	if child.code == 1 && strings.Contains(string(child.stdout), "\n!\t") {
		*out = child.stdout
		return nil
	}
	if child.starved() {
		return err
	}
	return remoteError("push", err)
}

// judgePush reads git's report "<flag>\t<from>:<to>\t<summary>".
func (r *Repo) judgePush(ctx context.Context, ref, to, expect, report string) error {
	flag, summary := parsePush(report, ref)
	switch flag {
	case " ", "+", "*", "-":
		return nil
	case "=": // it was there already: not our swap
		if to == expect {
			return nil
		}
		return fmt.Errorf("push: %w", &MovedError{Ref: ref, Expected: expect, Actual: to})
	case "!":
		tips, err := r.Tips(ctx, ref)
		if err != nil {
			return fmt.Errorf("push %q was declined (%s); read it back: %w", ref, summary, err)
		}
		if tips[ref] != expect {
			return fmt.Errorf("push: %w", &MovedError{Ref: ref, Expected: expect, Actual: tips[ref]})
		}
		return fmt.Errorf("push: %w", &RejectedError{Ref: ref, Reason: summary})
	}
	return fmt.Errorf("push %q: git's report %.200q does not mention it", ref, report)
}

// parsePush finds the line of ref. Summaries are cut and made printable.
func parsePush(report, ref string) (flag, summary string) {
	for line := range strings.Lines(report) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), "\t", 3)
		if len(f) != 3 || len(f[0]) != 1 {
			continue
		}
		if _, to, ok := strings.Cut(f[1], ":"); ok && to == ref {
			return f[0], (&childError{stderr: f[2]}).said()
		}
	}
	return "", ""
}
