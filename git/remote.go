package git

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

var (
	statusPattern = regexp.MustCompile(`(?m)^(?:fatal|error): .*(?:returned error: |RPC failed; HTTP )(\d{3})\b`)
	fsckPattern   = regexp.MustCompile(`(?m)^(?:error|fatal|remote: (?:error|fatal)): .*?(?:object ([0-9a-f]{40,64}): ([A-Za-z0-9]+)|fsck error)`)
)

// talk prepares a child that talks to the remote.
func (r *Repo) talk(ctx context.Context, c command) (command, error) {
	if err := r.mayTalk(); err != nil {
		return c, err
	}
	c.protocol, _, _ = strings.Cut(r.remote.URL, "://")
	token, err := r.token(ctx)
	if err != nil || token == "" {
		return c, err
	}
	header, secrets := authorization(r.remote.URL, token)
	c.settings = append(c.settings, header)
	c.secrets = append(c.secrets, secrets...)
	return c, nil
}

// mayTalk refuses a remote that nobody may be sent to.
func (r *Repo) mayTalk() error {
	if r.m == nil {
		return errors.New("a developer's clone is read-only, and its remotes are not asked")
	}
	return checkURL(r.remote.URL, r.m.options.Hosts, r.m.options.AllowHTTP)
}

// token is what the remote wants to see, "" where it wants none.
func (r *Repo) token(ctx context.Context) (string, error) {
	if r.remote.Token == nil {
		return "", nil
	}
	token, err := r.remote.Token(ctx)
	if err != nil {
		return "", fmt.Errorf("get a token for the remote: %w", err)
	}
	if token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", errors.New("get a token for the remote: it is empty or holds characters no token has")
	}
	return token, nil
}

// Tips asks the remote where references are now, without fetching. A
// reference it does not have is not in the map.
func (r *Repo) Tips(ctx context.Context, refs ...string) (map[string]string, error) {
	for _, ref := range refs {
		if err := CheckRef(ref); err != nil {
			return nil, fmt.Errorf("ask for references: %w", err)
		}
	}
	if len(refs) == 0 {
		return map[string]string{}, nil
	}
	all, err := r.list(ctx, refs...)
	if err != nil {
		return nil, err
	}
	tips := map[string]string{}
	for _, ref := range refs { // a longer name begins alike
		if id, ok := all[ref]; ok {
			tips[ref] = id
		}
	}
	return tips, nil
}

// TipsBelow asks the remote for the references of a folder, such as
// "refs/heads/agentplane/candidate/", and where they are.
func (r *Repo) TipsBelow(ctx context.Context, folder string) (map[string]string, error) {
	if err := CheckRef(folder + "x"); err != nil || !strings.HasSuffix(folder, "/") {
		return nil, fmt.Errorf("ask for references: %.200q is no folder of references, such as refs/heads/a/", folder)
	}
	all, err := r.list(ctx, folder)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(ref, _ string) bool { return !strings.HasPrefix(ref, folder) })
	return all, nil
}

// remoteError turns what a child said about the remote into a *RemoteError,
// and leaves every other error alone. Lines the remote sent are not believed.
func remoteError(op string, err error) error {
	var child *childError
	if !errors.As(err, &child) {
		return fmt.Errorf("%s: %w", op, err)
	}
	e := &RemoteError{Op: op, Detail: child.Error()}
	said := child.own()
	if m := statusPattern.FindStringSubmatch(said); m != nil {
		e.Status, _ = strconv.Atoi(m[1])
	}
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(said, p) {
				return true
			}
		}
		return false
	}
	switch {
	case child.timeout:
		e.Kind = Unavailable
	case has("fatal: Authentication failed", "fatal: could not read Username", "fatal: could not read Password"):
		e.Kind, e.Status = Auth, 401
	case e.Status == 401 || e.Status == 403:
		e.Kind = Auth
	case has("' not found") || e.Status == 404 || e.Status == 410:
		e.Kind, e.Status = NotFound, max(e.Status, 404)
	case e.Status >= 300 && e.Status < 400 || has("unable to update url base from redirection"):
		e.Kind = Moved
	case e.Status != 0, has("unable to access", "RPC failed", "hung up unexpectedly", "early EOF", "expected flush", "protocol error",
		"bad line length", "unexpected disconnect", "not valid: is this a git repository", "could not fetch", "the remote end", "HTTP"):
		e.Kind = Unavailable
	default:
		return fmt.Errorf("%s: %w", op, err)
	}
	return e
}
