package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/store"
)

// work handles what is waiting for one key. It implements store.Handler: an error is retried, and the notices stay.
func (a *App) work(ctx context.Context, key store.Key, notices []store.Notice) error {
	start := time.Now()
	s, err := a.site(key, newest(notices))
	if err != nil {
		a.log.Error("notice dropped", "repo", key.Repo, "error", err)
		return nil
	}
	kind := "pull"
	if key.PR == 0 {
		kind = "repository"
		err = a.lookAround(ctx, s, notices)
	} else {
		err = a.judge(ctx, s, key.PR, notices)
	}
	a.met.job(kind, time.Since(start), err)
	return a.fate(ctx, key, notices, err)
}

// fate decides what an error means for the job: dropped, put off, or retried. Only what GitHub says is gone is dropped.
func (a *App) fate(ctx context.Context, key store.Key, notices []store.Notice, err error) error {
	var limit *gh.RateLimitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limit):
		return &store.Later{Until: limit.Until, Reason: err.Error()}
	case errors.Is(err, errUnsettled) && a.config.Now().Sub(oldest(notices)) < settleTries*a.config.Pace.Settle:
		return &store.Later{Until: a.config.Now().Add(a.config.Pace.Settle), Reason: err.Error()}
	case gh.Ungranted(err):
		a.tellUngranted(key, err)
		return err
	case gh.Barred(err):
		a.log.Warn("notice dropped, GitHub gives no access", "repo", key.Repo, "pr", key.PR, "error", err)
		return nil
	case errors.Is(err, errGone) && a.config.Now().Sub(oldest(notices)) > a.config.Pace.Absent:
		a.log.Warn("no longer there", "repo", key.Repo, "pr", key.PR, "error", err)
		if key.PR == 0 {
			return a.forget(ctx, key.Repo)
		}
		_, err := a.db.ForgetPull(ctx, key.Repo, key.PR)
		return err
	}
	return err
}

// granted lets a judgement go on without what the installation's owner has not accepted yet, and tells the operator. Whatever
// could not be read is then not known, and does not pass.
func (a *App) granted(key store.Key, err error) error {
	if !gh.Ungranted(err) {
		return err
	}
	a.tellUngranted(key, err)
	return nil
}

func (a *App) tellUngranted(key store.Key, err error) {
	a.log.Error("a permission is missing: the owner of the installation has to accept the App's new permissions",
		"repo", key.Repo, "pr", key.PR, "error", err)
}

// errUnsettled says that two of GitHub's answers do not fit each other yet: its API and its git, or a change and the list
// that should show it. A moment later they do.
var errUnsettled = errors.New("GitHub's answers do not agree yet")

// errGone says that GitHub has no such pull request or repository, or no longer shows it to the App. Anything else that is
// missing, such as a list of it, is a failure of ours to read, and is tried again.
var errGone = errors.New("GitHub does not have it")

// gone marks the answer 404 to the question for the thing itself.
func gone(err error) error {
	if gh.Absent(err) {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return err
}

// site is the repository that a job works on.
type site struct {
	*gh.Repo
	id, installation int64
	fullName         string
}

func (a *App) site(key store.Key, n store.Notice) (site, error) {
	repo, err := a.gh.Repo(n.Installation, key.Repo, n.FullName)
	return site{Repo: repo, id: key.Repo, installation: n.Installation, fullName: n.FullName}, err
}

// now is the site under the name that GitHub has just told: a repository may have been renamed since the notice.
func (a *App) now(s site, fullName string) (site, error) {
	return a.site(store.Key{Repo: s.id}, store.Notice{Installation: s.installation, FullName: fullName})
}

// settleTries is how often a job is put off for GitHub to settle, before it counts as failed and waits longer and longer.
const settleTries = 30

// lookAround looks at what the notices about a repository may mean: its pull requests, and its lanes.
//
// Of the pull requests it wakes those that the notices ask for: those that the store knows without asking
// GitHub, and where it knows none by what GitHub lists. Then those are woken too that are believed open and not listed.
func (a *App) lookAround(ctx context.Context, s site, notices []store.Notice) error {
	return errors.Join(a.lookAtPulls(ctx, s, notices), a.lookAtLanes(ctx, s, notices), a.lookAtGroups(ctx, s, notices))
}

func (a *App) lookAtPulls(ctx context.Context, s site, notices []store.Notice) error {
	notices = slices.DeleteFunc(slices.Clone(notices), func(n store.Notice) bool { return strings.HasPrefix(n.Reason, laneReason) })
	notices, err := a.wakeKnown(ctx, s, notices)
	if err != nil || len(notices) == 0 {
		return err
	}
	open, err := s.OpenPulls(ctx)
	if err != nil {
		return gone(err)
	}
	known := store.Repository{ID: s.id, Installation: s.installation, FullName: s.fullName}
	if len(open) > 0 {
		known.FullName, known.DefaultBranch = open[0].FullName, open[0].Default
	}
	if err := a.db.PutRepository(ctx, known); err != nil {
		return err
	}
	wake := asked(open, notices)
	believed, err := a.db.Pulls(ctx, s.id)
	if err != nil {
		return err
	}
	for _, number := range believed {
		if !slices.ContainsFunc(open, func(o gh.Pull) bool { return o.Number == number }) {
			wake[number] = newest(notices)
		}
	}
	s.fullName = known.FullName
	return a.wakeAll(ctx, s, wake)
}

// wakeKnown wakes the pull requests that the store knows for a commit or a branch, and returns the notices that this does
// not answer. A commit that is no known head is nobody's: when it becomes one, that is an event of its own.
func (a *App) wakeKnown(ctx context.Context, s site, notices []store.Notice) (rest []store.Notice, err error) {
	repository, seen, err := a.db.Repository(ctx, s.id)
	if err != nil {
		return nil, err
	}
	wake := map[int]store.Notice{}
	for _, n := range notices {
		var numbers []int
		switch {
		case isCandidate(n.Ref): // pushed by the App itself: lookAtLanes
		case n.SHA != "":
			numbers, err = a.db.PullsAt(ctx, s.id, n.SHA)
		case n.Ref == "" || !seen || repository.DefaultBranch == "":
			rest = append(rest, n)
		case n.Ref == repository.DefaultBranch: // the contract is read from there
			numbers, err = a.db.Pulls(ctx, s.id)
		default:
			if numbers, err = a.db.PullsOn(ctx, s.id, n.Ref); len(numbers) == 0 {
				rest = append(rest, n)
			}
		}
		if err != nil {
			return nil, err
		}
		for _, number := range numbers {
			if _, ok := wake[number]; !ok || isAgain(n) {
				wake[number] = n
			}
		}
	}
	return rest, a.wakeAll(ctx, s, wake)
}

// wakeAll puts notices into the mailboxes of pull requests.
func (a *App) wakeAll(ctx context.Context, s site, wake map[int]store.Notice) error {
	list := make([]store.Notice, 0, len(wake))
	for number, n := range wake {
		n.PR, n.Ref, n.SHA, n.FullName = number, "", "", s.fullName
		list = append(list, n)
	}
	return a.db.Notify(ctx, list...)
}

// asked picks the open pull requests that the notices mean. A push to the default branch means all of them: the contract
// is read from there.
func asked(open []gh.Pull, notices []store.Notice) map[int]store.Notice {
	wake := map[int]store.Notice{}
	for _, n := range notices {
		for _, p := range open {
			if n.Ref != "" && n.Ref != p.Default && n.Ref != p.Base.Name && n.Ref != p.Head.Name {
				continue
			}
			if _, ok := wake[p.Number]; !ok || isAgain(n) {
				wake[p.Number] = n
			}
		}
	}
	return wake
}

func newest(notices []store.Notice) store.Notice { return notices[len(notices)-1] }

func oldest(notices []store.Notice) time.Time { return notices[0].At }

// isAgain tells whether a person asked for the checks to be put again: "Re-run" arrives as rerequested.
func isAgain(n store.Notice) bool { return strings.HasSuffix(n.Reason, ".rerequested") }
