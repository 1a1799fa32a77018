package checks

import "time"

// Review is a pull request review, as the API answered.
// Source: https://docs.github.com/en/rest/pulls/reviews
type Review struct {
	ID    int64
	By    Account
	State string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED
	SHA   string // the head when it was submitted
	At    time.Time
	URL   string
}

// Comment is a comment in the pull request's conversation. Only comments that hold a command need be here.
type Comment struct {
	ID     int64
	By     Account
	Body   string
	At     time.Time
	Edited bool
	URL    string
	// Head is the pull request's head when the comment was written, as far as the App saw it: "" is not known.
	Head string
}

// Standing is what one account may do in the repository, read just now.
type Standing struct {
	Account    Account
	Permission string // admin, write, read, none; "" when not known
}

// Team is a team that the contract names. Members may be empty only when the team is.
type Team struct {
	Name    string // "@org/team"
	Members []int64
	Problem string // why the members are not known; then Members says nothing
}

// Conversation is what people said about the pull request. Nil in Facts: it was not read.
type Conversation struct {
	Reviews  []Review
	Comments []Comment
	People   []Standing // of the reviews and comments that could decide something
	Teams    []Team     // of the contract's lists that could decide something
	// PushedBy are the accounts known to have pushed to the head branch, by id.
	PushedBy []Account
	// Reviewed maps a commit that was reviewed, or that a comment names, to what the pull request changed at that commit.
	// A commit that is missing here approves nothing.
	Reviewed map[string][]Change
	// Recorded are approvals as they were when the App first saw them.
	Recorded []Approval
	// Recurring counts what was approved or expanded before, in other pull requests of the last 30 days.
	Recurring []Recurring
}

// Approval is a person's yes to a class or interface, on these contents.
type Approval struct {
	Source   string // "review:<id>" or "comment:<id>"
	Subject  string // "class/<name>" or "interface/<name>"; the rule that it answers
	Contents string // hash of what was approved
	By       Account
	Contract string // SHA-256 of the contract it was given under
	At       time.Time
}

// Recurring is an intervention that happened before.
type Recurring struct {
	Kind    string // "expand" or "approve"
	Agent   string
	Subject string // a pattern, or the rule that was approved
	Times   int    // in how many pull requests
}
