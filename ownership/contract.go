package ownership

import "time"

// FileName is where the contract stands, at the root of the repository.
const FileName = ".agentplane.yml"

// MaxSize is the largest contract, in bytes.
const MaxSize = 64 << 10

// Limits of a contract's parts.
const (
	MaxAgents   = 500
	MaxPatterns = 5000
	MaxDepth    = 8
)

// IntegrationColumn is the name in a list of "for" that stands for the integration
// branch. No agent may have it.
const IntegrationColumn = "integration"

// A Contract is a whole and valid contract. It is read-only: values are shared
// between everything that was made from it.
type Contract struct {
	File         string // the name that was given to Parse
	Digest       string // SHA-256 of the source, in hex
	Version      int
	Integration  Integration
	Agents       []Agent // in the file's order
	Shared       []Claim // where several agents may own one path
	Requirements []Requirement
	Classes      []Class // the built-in ones first, then the declared ones
	Interfaces   []Interface
	Limits       Limits
	Queue        QueuePolicy
	Unassigned   Unassigned
	Harness      []Claim // files that decide what a requirement's success means
}

// Integration says where agents' changes land and where they are offered.
type Integration struct {
	Branch      string   // "" when the contract declares none
	Target      string   // "" is the default branch
	Integrators []string // "@login" or "@org/team"; none: people with write access
	Line        int
}

// An Agent is who works on a branch, and what it may touch.
type Agent struct {
	Name     string
	Line     int
	Branch   BranchPattern
	Accounts []Account // none: any account of the repository
	Owns     []Claim
	Never    []Claim
	After    []string // agents whose changes land before
}

// An Account is a GitHub account: by login, or by id, which survives a rename.
type Account struct {
	Login string // "" when the id is given
	ID    int64  // 0 when the login is given
	Line  int
}

// A Claim is one pattern line.
type Claim struct {
	Pattern Pattern
	Line    int // 0 for the patterns of built-in classes
}

// A Requirement is a row of the matrix: what has to be shown, and by whom.
type Requirement struct {
	Name     string
	Line     int
	Run      string   // a command that has to succeed
	Expect   string   // a statement that a person or an agent has to make
	Sections []string // headings that the notes need
	Evidence Evidence
	For      []string // agents and IntegrationColumn; none: everyone
	Harness  []Claim
}

// Applies tells whether the requirement is for an agent, or for
// IntegrationColumn.
func (r Requirement) Applies(column string) bool {
	for _, f := range r.For {
		if f == column {
			return true
		}
	}
	return len(r.For) == 0
}

// Evidence says where CI reports a requirement: a job of a workflow, a check
// run of one App, or a commit status of one account. The zero value asks for no
// observation.
type Evidence struct {
	Workflow  string // path of the workflow file
	Job       string
	Events    []string // that start the workflow; none: see AcceptedEvents
	Directory string   // the step's working directory, from the root; "" is the root
	Check     string
	App       string // slug of the App that must have reported Check; "" when the id is given
	AppID     int64  // 0 when the slug is given
	Status    string // context of the status
	Creator   string // login of who must have set Status; "" when the id is given
	CreatorID int64  // 0 when the login is given
	Line      int
}

// Declared tells whether the requirement must be observed in CI.
func (e Evidence) Declared() bool { return e.Workflow != "" || e.Check != "" || e.Status != "" }

// The events whose runs can be evidence. Others run another workflow file than
// the commit's, or other contents.
const (
	EventPush        = "push"
	EventPullRequest = "pull_request"
	EventMergeGroup  = "merge_group"
)

// AcceptedEvents are the events whose runs count. The slice is the caller's.
func (e Evidence) AcceptedEvents() []string {
	if len(e.Events) == 0 {
		return []string{EventPush, EventPullRequest}
	}
	return append([]string(nil), e.Events...)
}

// CreatedBy tells whether an account is the one that must have set the status.
// Logins are compared without regard to case, as GitHub does.
func (e Evidence) CreatedBy(login string, id int64) bool {
	return e.CreatorID != 0 && e.CreatorID == id || e.Creator != "" && equalLogins(e.Creator, login)
}

// A Class is a set of paths whose changes need an approval, or are denied.
type Class struct {
	Name    string
	Builtin bool
	Paths   []Claim
	By      []string // who may approve; none: a person with write access who is no agent
	Deny    bool     // no approval helps
	Line    int      // 0 when the contract does not mention it
}

// An Interface is a set of paths that others build against.
type Interface struct {
	Name      string
	Line      int
	Paths     []Claim
	Consumers []Claim
	By        []string // none: a person with write access who is no agent
}

// Limits bound what runs at once and how often.
type Limits struct {
	ActiveAgents int // in one subsystem; 0 is no limit
	Attempts     int // of one failure signature
	Paths        int // that one pull request may touch
}

// QueuePolicy says how the lane works.
type QueuePolicy struct {
	Batch    int
	Parallel int
	Timeout  time.Duration
	Method   Method
	Goal     Goal
}

// A Goal is what the lane saves first.
type Goal string

// The goals.
const (
	Fast Goal = "fast" // time
	Lean Goal = "lean" // CI runs
)

// A Method is how a change lands.
type Method string

// The methods.
const (
	Merge  Method = "merge"
	Squash Method = "squash"
)

// Unassigned says what becomes of pull requests that match no agent.
type Unassigned struct {
	Bots   Outcome
	People Outcome
}

// An Outcome is what a rule comes to.
type Outcome string

// The outcomes.
const (
	Fail Outcome = "fail"
	Pass Outcome = "pass"
)

// Agent returns the agent of a name, or nil.
func (c *Contract) Agent(name string) *Agent {
	for i := range c.Agents {
		if c.Agents[i].Name == name {
			return &c.Agents[i]
		}
	}
	return nil
}

// Class returns the class of a name, or nil.
func (c *Contract) Class(name string) *Class {
	for i := range c.Classes {
		if c.Classes[i].Name == name {
			return &c.Classes[i]
		}
	}
	return nil
}

// ForBranch returns the one agent whose branch this is, and all agents that
// match. The first is nil when none does or when several do: a branch that
// could be two agents' is no agent's, which fails. Parse refuses contracts in
// which that can happen.
func (c *Contract) ForBranch(branch string) (*Agent, []*Agent) {
	var all []*Agent
	for i := range c.Agents {
		if c.Agents[i].Branch.Match(branch) {
			all = append(all, &c.Agents[i])
		}
	}
	if len(all) != 1 {
		return nil, all
	}
	return all[0], all
}

// Allows tells whether an account may act for the agent. Without a list every
// account may. An id decides where the contract gives one; a login is compared
// without regard to case, as GitHub does.
func (a *Agent) Allows(login string, id int64) bool {
	for _, acc := range a.Accounts {
		if acc.ID != 0 && acc.ID == id || acc.Login != "" && equalLogins(acc.Login, login) {
			return true
		}
	}
	return len(a.Accounts) == 0
}
