package gh

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// grantFor is how long GitHub's answer to what an installation grants is used.
const grantFor = 5 * time.Minute

// grant is what GitHub said an installation grants, and until when that is used.
type grant struct {
	workflows bool
	until     time.Time
}

// PushToken mints a token that may write this repository's contents, and its workflow files too when the installation
// grants that: GitHub refuses a push that changes a workflow without it, and refuses to mint more than is granted.
func (r *Repo) PushToken(ctx context.Context) (string, error) {
	workflows, err := r.Workflows(ctx)
	if err != nil {
		return "", err
	}
	token, err := r.pushing(workflows).token(ctx)
	if !workflows || !Ungranted(err) {
		return token, err
	}
	// The grant was taken back since it was read.
	r.app.forgetGrant(r.installation)
	if workflows, err = r.Workflows(ctx); err != nil {
		return "", err
	}
	return r.pushing(workflows).token(ctx)
}

// RenewPushToken throws away the tokens that PushToken gave, and what is known of the installation's grants, after git was
// refused.
func (r *Repo) RenewPushToken() {
	r.app.forgetGrant(r.installation)
	for _, t := range []*tokens{r.push, r.pushWorkflows} {
		t.renew(t.transport())
	}
}

func (r *Repo) pushing(workflows bool) *tokens {
	if workflows {
		return r.pushWorkflows
	}
	return r.push
}

// Workflows tells whether the installation lets the App write workflow files. GitHub's answer is used for a few minutes;
// that it could not be had is an error, never a no.
func (r *Repo) Workflows(ctx context.Context) (bool, error) {
	a := r.app
	a.mu.Lock()
	known := a.grants[r.installation]
	a.mu.Unlock()
	now := a.now()
	if now.Before(known.until) {
		return known.workflows, nil
	}
	doing := fmt.Sprintf("read what installation %d grants", r.installation)
	i, _, err := a.self.Apps.GetInstallation(ctx, r.installation)
	switch {
	case err != nil:
		return false, plain(doing, err)
	case i.GetID() != r.installation || i.Permissions == nil:
		return false, fmt.Errorf("%s: %w", doing, errors.New("GitHub's answer does not say"))
	}
	known = grant{workflows: i.Permissions.GetWorkflows() == "write", until: now.Add(grantFor)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.grants[r.installation] = known
	return known.workflows, nil
}

func (a *App) forgetGrant(installation int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.grants, installation)
}
