package gh

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Notice says what to look at again. It holds no facts: a payload is late, lost, repeated and reordered, and signed only
// over its body.
type Notice struct {
	Installation, Repo int64
	FullName           string
	PR                 int    // 0: the repository's open pull requests
	Branch             string // with PR 0: only those from or onto this branch; "" for all of them; of a merge group its whole ref
	SHA                string // with PR 0: only those whose head is this commit
	Comment            int64  // with a PR: the comment that was written
	Reason             string // event and action: "check_run.rerequested"
}

// Push says who moved a branch to a commit. It is the one thing taken from a payload: GitHub's API does not tell who
// pushed. Only deliveries whose signature was checked may be read.
type Push struct {
	Repo   int64
	Branch string
	SHA    string
	By     Account
}

// Reading is what one delivery gives.
type Reading struct {
	Notices []Notice
	Pushes  []Push
	Gone    []int64 // repositories the App no longer reaches
}

// maxNotices bounds what one delivery may give; the sweep finds what is cut off.
const maxNotices = 1000

// payload holds the few fields that are read. All of GitHub's webhook payloads share their names
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads).
type payload struct {
	Action       string      `json:"action"`
	Installation *identified `json:"installation"`
	Repository   *repository `json:"repository"`
	Number       int         `json:"number"`
	PullRequest  *struct {
		Number int `json:"number"`
		Head   struct {
			Ref  string      `json:"ref"`
			SHA  string      `json:"sha"`
			Repo *identified `json:"repo"`
		} `json:"head"`
	} `json:"pull_request"`
	Ref     string   `json:"ref"`
	After   string   `json:"after"`
	Deleted bool     `json:"deleted"`
	Sender  *account `json:"sender"`
	Suite   *suite   `json:"check_suite"`
	Run     *struct {
		Name    string `json:"name"`
		HeadSHA string `json:"head_sha"`
		Suite   suite  `json:"check_suite"`
	} `json:"check_run"`
	Workflow *struct {
		HeadSHA string `json:"head_sha"`
	} `json:"workflow_run"`
	Issue *struct {
		Number int       `json:"number"`
		Pull   *struct{} `json:"pull_request"`
	} `json:"issue"`
	Group *struct {
		HeadRef string `json:"head_ref"`
		HeadSHA string `json:"head_sha"`
	} `json:"merge_group"`
	Comment      *remark      `json:"comment"`
	Review       *identified  `json:"review"`
	SHA          string       `json:"sha"`
	State        string       `json:"state"`
	Repositories []repository `json:"repositories"`
	Added        []repository `json:"repositories_added"`
	Removed      []repository `json:"repositories_removed"`
}

type identified struct {
	ID int64 `json:"id"`
}

type remark struct {
	ID   int64    `json:"id"`
	User *account `json:"user"`
}

type repository struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"`
}

type account struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

type suite struct {
	HeadBranch   string `json:"head_branch"`
	PullRequests []struct {
		Number int `json:"number"`
	} `json:"pull_requests"`
}

// Read tells what a delivery asks to look at. The event's name comes from a header, which the signature does not cover:
// an event counts only when the payload has its shape, and one that is unknown, or of another shape, gives nothing. An
// error means that the body is not a JSON object.
func Read(event string, body []byte) (Reading, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return Reading{}, fmt.Errorf("read the %s delivery: %w", event, err)
	}
	if p.Installation == nil || p.Installation.ID <= 0 {
		return Reading{}, nil // ping, or a hook that is not an App's
	}
	var r Reading
	switch event {
	case "pull_request":
		r = p.pullRequest()
	case "pull_request_review":
		r = p.review()
	case "issue_comment":
		r = p.comment()
	case "workflow_run":
		if p.Workflow != nil {
			r = p.reported(p.Workflow.HeadSHA)
		}
	case "status":
		if p.State != "" {
			r = p.reported(p.SHA)
		}
	case "push":
		r = p.push()
	case "merge_group":
		r = p.mergeGroup()
	case "check_suite":
		r = p.suite(p.Suite)
	case "check_run":
		r = p.checkRun()
	case "repository":
		r = p.repository()
	case "installation", "installation_repositories":
		r = p.installation(event)
	}
	r.Notices = slices.DeleteFunc(r.Notices, func(n Notice) bool { return n.Repo <= 0 })
	for i := range r.Notices {
		r.Notices[i].Installation = p.Installation.ID
		r.Notices[i].Reason = strings.TrimSuffix(event+"."+p.Action, ".")
	}
	r.Notices = r.Notices[:min(len(r.Notices), maxNotices)]
	return r, nil
}

func (p *payload) pullRequest() Reading {
	if p.Repository == nil || p.PullRequest == nil || p.PullRequest.Number <= 0 || p.PullRequest.Number != p.Number {
		return Reading{}
	}
	r := Reading{Notices: []Notice{p.whole().pull(p.Number)}}
	head := p.PullRequest.Head
	if p.Action == "synchronize" && head.Repo != nil && head.Repo.ID == p.Repository.ID {
		r.Pushes = p.pushed(head.Ref, head.SHA)
	}
	return r
}

// review means the pull request whose review was submitted, edited or dismissed.
func (p *payload) review() Reading {
	if p.Repository == nil || p.PullRequest == nil || p.PullRequest.Number <= 0 || p.Review == nil {
		return Reading{}
	}
	return Reading{Notices: []Notice{p.whole().pull(p.PullRequest.Number)}}
}

// comment means the pull request that was commented on; comments on issues are nobody's business here. What it says is
// read again: a payload may be old, and an edited comment is no command. What a bot writes, this App among them, is no
// command either, and nothing else is read of comments.
func (p *payload) comment() Reading {
	if p.Comment != nil && p.Comment.User != nil && p.Comment.User.Type == "Bot" {
		return Reading{}
	}
	if p.Repository == nil || p.Issue == nil || p.Issue.Pull == nil || p.Issue.Number <= 0 || p.Comment == nil {
		return Reading{}
	}
	n := p.whole().pull(p.Issue.Number)
	n.Comment = p.Comment.ID
	return Reading{Notices: []Notice{n}}
}

// ours begins the names of our own check runs. What we wrote ourselves is no news; whoever takes such a name is not heard
// by a webhook, and found by the sweep.
const ours = "agentplane/"

// checkRun hears what other Apps report, and who asks for ours again.
func (p *payload) checkRun() Reading {
	switch {
	case p.Run == nil:
		return Reading{}
	case p.Action == "rerequested":
		return p.suite(&p.Run.Suite)
	case p.Action == "completed" && !strings.HasPrefix(p.Run.Name, ours):
		return p.reported(p.Run.HeadSHA)
	}
	return Reading{}
}

// reported means the pull requests whose head a CI has spoken about.
func (p *payload) reported(sha string) Reading {
	if p.Repository == nil || sha == "" {
		return Reading{}
	}
	n := p.whole()
	n.SHA = sha
	return Reading{Notices: []Notice{n}}
}

// mergeGroup means the commit that GitHub's own merge queue made and asks for checks of. Its branch is given as a whole
// ref, so that it is never taken for a branch somebody named so.
func (p *payload) mergeGroup() Reading {
	if p.Group == nil || p.Action != "checks_requested" || !strings.HasPrefix(p.Group.HeadRef, "refs/heads/gh-readonly-queue/") {
		return Reading{}
	}
	r := p.reported(p.Group.HeadSHA)
	for i := range r.Notices {
		r.Notices[i].Branch = p.Group.HeadRef
	}
	return r
}

// push re-notices the pull requests from and onto the branch that moved: what would land depends on both sides.
func (p *payload) push() Reading {
	branch, ok := strings.CutPrefix(p.Ref, "refs/heads/")
	if p.Repository == nil || !ok || p.PullRequest != nil {
		return Reading{}
	}
	n := p.whole()
	n.Branch = branch
	r := Reading{Notices: []Notice{n}}
	if !p.Deleted {
		r.Pushes = p.pushed(branch, p.After)
	}
	return r
}

func (p *payload) suite(s *suite) Reading {
	if p.Repository == nil || s == nil || p.Action != "rerequested" {
		return Reading{}
	}
	var r Reading
	for _, pull := range s.PullRequests {
		if pull.Number > 0 {
			r.Notices = append(r.Notices, p.whole().pull(pull.Number))
		}
	}
	if len(r.Notices) == 0 && s.HeadBranch != "" { // a suite of a fork's branch names no pull requests
		n := p.whole()
		n.Branch = s.HeadBranch
		r.Notices = append(r.Notices, n)
	}
	return r
}

func (p *payload) repository() Reading {
	if p.Repository == nil {
		return Reading{}
	}
	if p.Action == "deleted" {
		return Reading{Gone: []int64{p.Repository.ID}}
	}
	return Reading{Notices: []Notice{p.whole()}}
}

func (p *payload) installation(event string) Reading {
	var r Reading
	reached := p.Repositories
	if event == "installation_repositories" {
		reached = p.Added
	}
	gone := p.Removed
	switch {
	case event != "installation":
	case p.Action == "deleted":
		reached, gone = nil, p.Repositories
	case p.Action == "suspend": // what is known is kept: a suspension ends
		reached = nil
	}
	for _, repo := range reached {
		r.Notices = append(r.Notices, Notice{Repo: repo.ID, FullName: repo.FullName})
	}
	for _, repo := range gone {
		r.Gone = append(r.Gone, repo.ID)
	}
	return r
}

func (p *payload) whole() Notice {
	return Notice{Repo: p.Repository.ID, FullName: p.Repository.FullName}
}

func (n Notice) pull(number int) Notice {
	n.PR = number
	return n
}

func (p *payload) pushed(branch, sha string) []Push {
	if p.Sender == nil || p.Sender.ID <= 0 || branch == "" || sha == "" {
		return nil
	}
	by := Account{ID: p.Sender.ID, Login: p.Sender.Login, Bot: p.Sender.Type == "Bot"}
	return []Push{{Repo: p.Repository.ID, Branch: branch, SHA: sha, By: by}}
}
