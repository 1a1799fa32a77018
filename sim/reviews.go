package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// States of a review.
const (
	Approved         = "APPROVED"
	ChangesRequested = "CHANGES_REQUESTED"
	Commented        = "COMMENTED"
	Dismissed        = "DISMISSED"
	reviewPending    = "PENDING" // written and not submitted; only its author sees it
)

// review is what somebody said about a pull request at one of its commits.
type review struct {
	id     int64
	by     *User
	state  string
	body   string
	commit string // the head when it was submitted, or an older one that it names
	at     time.Time
}

// Review submits a review of the pull request's head and returns its id. The
// state is Approved, ChangesRequested or Commented.
func (p *Pull) Review(by *User, state, body string) (int64, error) {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	v, problem := p.review(review{by: by, state: state, body: body, commit: p.headSHA})
	if problem == "" && !slices.Contains([]string{Approved, ChangesRequested, Commented}, state) {
		problem = fmt.Sprintf("%q is no state to submit", state)
	}
	if problem != "" {
		return 0, fmt.Errorf("review %s#%d: GitHub refuses it: %s", p.repo.fullName(), p.Number, problem)
	}
	return v.id, nil
}

// review returns GitHub's reason when it refuses.
func (p *Pull) review(v review) (review, string) {
	switch {
	case v.state == Approved && v.by == p.by:
		return v, "Can not approve your own pull request"
	case v.state == ChangesRequested && v.by == p.by:
		return v, "Can not request changes on your own pull request"
	case (v.state == ChangesRequested || v.state == Commented) && v.body == "":
		return v, "Body can't be blank"
	case v.state == reviewPending && slices.ContainsFunc(p.reviews, func(old review) bool { return old.by == v.by && old.state == reviewPending }):
		return v, "User can only have one pending review per pull request"
	case v.state == reviewPending:
		v.id = p.repo.g.nextID("review")
		p.reviews = append(slices.Clip(p.reviews), v)
		return v, ""
	}
	v.id, v.at = p.repo.g.nextID("review"), p.repo.g.now()
	p.keep()
	p.reviews = append(slices.Clip(p.reviews), v)
	p.answered(v.by)
	p.sendReview("submitted", v.by, v, nil)
	p.log(v.by, map[string]string{Approved: "approved", ChangesRequested: "asked for changes", Commented: "reviewed"}[v.state])
	return v, ""
}

// answered takes whoever reviewed off the list of those who were asked, and
// the teams they stand for.
func (p *Pull) answered(by *User) {
	p.asked = slices.DeleteFunc(slices.Clone(p.asked), func(u *User) bool { return u == by })
	p.askedTeams = slices.DeleteFunc(slices.Clone(p.askedTeams), func(t *Team) bool { return t.role(by) != "" })
}

// Dismiss takes an approval or a request for changes back, in somebody's name.
func (p *Pull) Dismiss(by *User, reviewID int64, message string) error {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	i := p.reviewAt(reviewID)
	switch {
	case i < 0:
		return fmt.Errorf("dismiss review %d of %s#%d: there is no such review", reviewID, p.repo.fullName(), p.Number)
	case p.reviews[i].state != Approved && p.reviews[i].state != ChangesRequested:
		return fmt.Errorf("dismiss review %d of %s#%d: GitHub refuses it: it is %s", reviewID, p.repo.fullName(), p.Number, p.reviews[i].state)
	}
	p.dismiss(by, i, message)
	return nil
}

func (p *Pull) dismiss(by *User, i int, message string) {
	was := strings.ToLower(p.reviews[i].state)
	p.changeReview(i, func(v *review) { v.state = Dismissed })
	p.happened("review_dismissed", by, fields{"dismissed_review": fields{"state": was, "review_id": p.reviews[i].id, "dismissal_message": message}})
	p.sendReview("dismissed", by, p.reviews[i], nil)
	p.log(by, "dismissed the review of "+login(p.reviews[i].by)+": "+quoted(firstLine(message)))
}

// EditReview gives a review another text.
func (p *Pull) EditReview(by *User, reviewID int64, body string) error {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	i := p.reviewAt(reviewID)
	if i < 0 {
		return fmt.Errorf("edit review %d of %s#%d: there is no such review", reviewID, p.repo.fullName(), p.Number)
	}
	old := p.reviews[i].body
	p.changeReview(i, func(v *review) { v.body = body })
	p.sendReview("edited", by, p.reviews[i], fields{"changes": fields{"body": fields{"from": old}}})
	p.log(by, "edited the review of "+login(p.reviews[i].by))
	return nil
}

func (p *Pull) reviewAt(id int64) int {
	return slices.IndexFunc(p.reviews, func(v review) bool { return v.id == id })
}

// changeReview leaves the list that stale readings see as it is.
func (p *Pull) changeReview(i int, change func(*review)) {
	p.keep()
	p.reviews = slices.Clone(p.reviews)
	change(&p.reviews[i])
}

// SetDismissStale makes pushes to a pull request dismiss its approvals, as
// branch protection can.
func (r *Repo) SetDismissStale(on bool) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.dismissStale = on
}

// dismissStale follows a push to the head branch.
func (p *Pull) dismissStale(by *User) {
	if !p.repo.dismissStale {
		return
	}
	for i, v := range p.reviews {
		if v.state == Approved {
			p.dismiss(by, i, "the head moved")
		}
	}
}

// RequestReview asks accounts to review the pull request.
func (p *Pull) RequestReview(by *User, reviewers ...*User) error {
	return p.requestVerb(by, reviewers, nil)
}

// RequestTeamReview asks a team to review the pull request.
func (p *Pull) RequestTeamReview(by *User, team *Team) error {
	return p.requestVerb(by, nil, []*Team{team})
}

func (p *Pull) requestVerb(by *User, users []*User, teams []*Team) error {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	if problem := p.requestReview(by, users, teams); problem != "" {
		return fmt.Errorf("request a review of %s#%d: GitHub refuses it: %s", p.repo.fullName(), p.Number, problem)
	}
	return nil
}

// requestReview asks all of them or, with GitHub's reason, nobody.
func (p *Pull) requestReview(by *User, users []*User, teams []*Team) string {
	for _, u := range users {
		switch {
		case u == p.by:
			return "Review cannot be requested from pull request author."
		case u == nil || p.repo.granted(u) == "":
			return p.noCollaborator("users or teams")
		}
	}
	for _, t := range teams {
		if t == nil || t.org != p.repo.owner || t.roles[p.repo] == "" {
			return p.noCollaborator("teams")
		}
	}
	for _, u := range users {
		if !slices.Contains(p.asked, u) {
			p.keep()
			p.asked = append(slices.Clip(p.asked), u)
			p.happened("review_requested", by, fields{"review_requester": p.repo.g.renderUser(by), "requested_reviewer": p.repo.g.renderUser(u)})
			p.send("review_requested", by, fields{"requested_reviewer": p.repo.g.renderUser(u)})
			p.log(by, "asked "+u.Login+" for a review")
		}
	}
	for _, t := range teams {
		if !slices.Contains(p.askedTeams, t) {
			p.keep()
			p.askedTeams = append(slices.Clip(p.askedTeams), t)
			p.happened("review_requested", by, fields{"review_requester": p.repo.g.renderUser(by), "requested_team": t.renderFull()})
			p.send("review_requested", by, fields{"requested_team": t.render()})
			p.log(by, "asked the team "+t.Slug+" for a review")
		}
	}
	return ""
}

func (p *Pull) noCollaborator(who string) string {
	return "Reviews may only be requested from collaborators. One or more of the " + who +
		" you specified is not a collaborator of the " + p.repo.fullName() + " repository."
}

// UnrequestReview no longer asks an account.
func (p *Pull) UnrequestReview(by, reviewer *User) error {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	if !slices.Contains(p.asked, reviewer) {
		return fmt.Errorf("no longer ask %s to review %s#%d: nobody asked them", reviewer.Login, p.repo.fullName(), p.Number)
	}
	p.keep()
	p.asked = slices.DeleteFunc(slices.Clone(p.asked), func(u *User) bool { return u == reviewer })
	p.happened("review_request_removed", by, fields{"review_requester": p.repo.g.renderUser(by), "requested_reviewer": p.repo.g.renderUser(reviewer)})
	p.send("review_request_removed", by, fields{"requested_reviewer": p.repo.g.renderUser(reviewer)})
	p.log(by, "no longer asks "+reviewer.Login)
	return nil
}
