package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// stance is what a statement says.
type stance int

const (
	saysYes     stance = iota // approves
	saysNo                    // asks for changes
	saysNothing               // was dismissed
)

// A statement is what one person said about a subject, in a review or a comment.
type statement struct {
	source  string
	name    string // the subject of a comment
	by      Account
	says    stance
	sha     string // the commit it is about, or the start of its name; "": not known
	head    string // of a comment: the head when it was written; "": not known
	at      time.Time
	id      int64
	comment int64 // 0: a review
}

// statements lists what reviews say about everything, and what commands say about one subject.
func (j *judge) statements(name string) []statement {
	var out []statement
	talk := j.facts.Conversation
	for _, r := range talk.Reviews {
		says, ok := map[string]stance{"APPROVED": saysYes, "CHANGES_REQUESTED": saysNo, "DISMISSED": saysNothing}[r.State]
		if ok {
			out = append(out, statement{source: fmt.Sprintf("review:%d", r.ID), name: name, by: r.By, says: says, sha: r.SHA, at: r.At, id: r.ID})
		}
	}
	for _, c := range talk.Comments {
		command, ok := ParseCommand(c.Body)
		if !ok || command.Kind != CommandApprove || command.Usage != "" || command.Subject != name || c.Edited {
			continue
		}
		out = append(out, statement{
			source: fmt.Sprintf("comment:%d", c.ID), name: name, by: c.By, sha: cmp.Or(command.SHA, c.Head), head: c.Head, at: c.At, id: c.ID, comment: c.ID,
		})
	}
	return out
}

// newestOf keeps each person's newest statement, in the order of the accounts: whatever it says, it takes back those
// before it. Of one moment the most cautious counts. What an account that is not known said stays for itself.
func newestOf(all []statement) []statement {
	slices.SortFunc(all, func(a, b statement) int {
		return cmp.Or(
			cmp.Compare(a.by.ID, b.by.ID), b.at.Compare(a.at), cmp.Compare(caution(b.says), caution(a.says)),
			cmp.Compare(b.id, a.id), cmp.Compare(a.source, b.source), cmp.Compare(a.sha, b.sha), cmp.Compare(a.by.Login, b.by.Login),
		)
	})
	var out []statement
	for _, s := range all {
		if len(out) == 0 || !s.by.Known() || out[len(out)-1].by.ID != s.by.ID {
			out = append(out, s)
		}
	}
	return out
}

func caution(s stance) int { return map[stance]int{saysYes: 0, saysNothing: 1, saysNo: 2}[s] }

// A right is whether somebody may.
type right int

const (
	rightNone    right = iota
	rightUnknown       // not known; it counts against, never in favour
	rightFull
)

// mayApprove says whether an account may answer a question of these approvers, and why not. Agents, bots, the author
// and whoever pushed never may.
func (j *judge) mayApprove(a Account, by []string) (right, string) {
	switch {
	case isBot(a):
		return rightNone, "bots do not approve"
	case !a.Known():
		return rightUnknown, "the account is not known"
	case j.isAgents(a):
		return rightNone, "the account is an agent's"
	case !j.facts.Author.Known():
		return rightUnknown, "who opened the pull request is not known"
	case a.ID == j.facts.Author.ID:
		return rightNone, "the author does not approve"
	case j.wrote(a):
		return rightNone, "who pushed to the branch does not approve"
	case len(by) > 0:
		return j.isNamed(a, by)
	}
	return j.hasPermission(a, "admin", "write")
}

// wrote reports whether an account opened the pull request or is known to have pushed to it.
func (j *judge) wrote(a Account) bool {
	same := func(p Account) bool { return p.ID == a.ID }
	return same(j.facts.Author) || same(j.facts.Pusher) || slices.ContainsFunc(j.facts.Conversation.PushedBy, same)
}

// isAgents reports whether the contract lists the account for an agent.
func (j *judge) isAgents(a Account) bool {
	for i := range j.contract.Agents {
		if agent := &j.contract.Agents[i]; len(agent.Accounts) > 0 && agent.Allows(a.Login, a.ID) {
			return true
		}
	}
	return false
}

// isNamed says whether a list names an account, or a team that it is in. A login may change hands, and on a public
// repository anybody may review: it counts only for an account that may write, as in CODEOWNERS. A team is read by ids.
func (j *judge) isNamed(a Account, list []string) (right, string) {
	unknown, none := "", "only "+codes(list)+" may"
	for _, entry := range list {
		members, problem := j.facts.Conversation.members(entry)
		switch {
		case problem != "":
			unknown = problem
		case slices.Contains(members, a.ID):
			return rightFull, ""
		case !isTeam(entry) && a.Login != "" && strings.EqualFold(entry, "@"+a.Login):
			switch may, why := j.hasPermission(a, "admin", "write"); may {
			case rightFull:
				return rightFull, ""
			case rightUnknown:
				unknown = why
			default:
				none = why
			}
		}
	}
	if unknown != "" {
		return rightUnknown, unknown
	}
	return rightNone, none
}

// hasPermission says whether an account has one of these permissions in the repository, by its id.
func (j *judge) hasPermission(a Account, permissions ...string) (right, string) {
	has, known := false, false
	for _, s := range j.facts.Conversation.People {
		if s.Account.ID != a.ID {
			continue
		}
		if s.Permission == "" || known && has != slices.Contains(permissions, s.Permission) {
			known = false
			break
		}
		has, known = slices.Contains(permissions, s.Permission), true
	}
	switch {
	case !known:
		return rightUnknown, "what the account may do in the repository is not known"
	case !has:
		return rightNone, "the account has no " + permissions[len(permissions)-1] + " access"
	}
	return rightFull, ""
}

func isTeam(entry string) bool { return strings.Contains(entry, "/") }

// asked reports whether a team was looked for, whatever came of it.
func (c *Conversation) asked(entry string) bool {
	return slices.ContainsFunc(c.Teams, func(t Team) bool { return strings.EqualFold(t.Name, entry) })
}

// members returns the members of a team, or why they are not known. For a person's entry it returns neither.
func (c *Conversation) members(entry string) (ids []int64, problem string) {
	if !isTeam(entry) {
		return nil, ""
	}
	problem = fmt.Sprintf("the members of %s were not read", code(entry))
	for _, t := range c.Teams {
		if !strings.EqualFold(t.Name, entry) {
			continue
		}
		if t.Problem != "" {
			return nil, fmt.Sprintf("the members of %s could not be read: %s", code(entry), code(t.Problem))
		}
		ids, problem = append(ids, t.Members...), ""
	}
	return ids, problem
}
