package checks

import "time"

// approvalJSON is the stored form of an Approval.
type approvalJSON struct {
	Subject  string      `json:"subject"`
	By       accountJSON `json:"by"`
	Source   string      `json:"source"`
	At       time.Time   `json:"at"`
	Contents string      `json:"contents"`
	Contract string      `json:"contract"`
}

// accountJSON is the stored form of an Account.
type accountJSON struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// commandJSON is the stored form of a CommandResult.
type commandJSON struct {
	Comment  int64       `json:"comment"`
	By       accountJSON `json:"by"`
	Kind     string      `json:"kind"`
	Subject  string      `json:"subject,omitempty"`
	SHA      string      `json:"sha,omitempty"`
	Accepted bool        `json:"accepted"`
	Why      string      `json:"why,omitempty"`
	At       time.Time   `json:"at"`
}

func (a Account) stored() accountJSON { return accountJSON{a.ID, a.Login} }

func (a accountJSON) account() Account { return Account{ID: a.ID, Login: a.Login} }

func storeApprovals(list []Approval) []approvalJSON {
	var out []approvalJSON
	for _, a := range list {
		out = append(out, approvalJSON{a.Subject, a.By.stored(), a.Source, a.At, a.Contents, a.Contract})
	}
	return out
}

func readApprovals(list []approvalJSON) []Approval {
	var out []Approval
	for _, a := range list {
		out = append(out, Approval{Source: a.Source, Subject: a.Subject, Contents: a.Contents, By: a.By.account(), Contract: a.Contract, At: a.At})
	}
	return out
}

func storeCommands(list []CommandResult) []commandJSON {
	var out []commandJSON
	for _, c := range list {
		out = append(out, commandJSON{c.Comment, c.By.stored(), c.Kind, c.Subject, c.SHA, c.Accepted, c.Why, c.At})
	}
	return out
}

func readCommands(list []commandJSON) []CommandResult {
	var out []CommandResult
	for _, c := range list {
		out = append(out, CommandResult{Comment: c.Comment, By: c.By.account(), Kind: c.Kind, Subject: c.Subject, SHA: c.SHA, Accepted: c.Accepted, Why: c.Why, At: c.At})
	}
	return out
}

// brief returns the outcome as a document has room for it: everybody may comment, and approve in vain.
func (o Outcome) brief() Outcome {
	const most = 20
	o.Approvals = o.Approvals[:min(len(o.Approvals), most)]
	o.Commands = o.Commands[max(0, len(o.Commands)-most):] // the newest
	o.Reviewers = o.Reviewers[:min(len(o.Reviewers), most)]
	o.Effects = o.Effects.shortened()
	for i, c := range o.Commands {
		if len(c.Why) > shownRunes || len(c.Subject) > shownRunes {
			short := append([]CommandResult(nil), o.Commands...)
			short[i].Why, short[i].Subject = truncate(c.Why, shownRunes), truncate(c.Subject, shownRunes)
			o.Commands = short
		}
	}
	return o
}

// join adds what another report on the same commit says.
func (o Outcome) join(other Outcome) Outcome {
	o.Approvals = append(o.Approvals[:len(o.Approvals):len(o.Approvals)], other.Approvals...)
	o.Commands = append(o.Commands[:len(o.Commands):len(o.Commands)], other.Commands...)
	o.Reviewers = append(o.Reviewers[:len(o.Reviewers):len(o.Reviewers)], other.Reviewers...)
	o.Signatures = append(o.Signatures[:len(o.Signatures):len(o.Signatures)], other.Signatures...)
	o.History = append(o.History[:len(o.History):len(o.History)], other.History...)
	o.Escalated = o.Escalated || other.Escalated
	if o.Effects == nil {
		o.Effects = other.Effects
	}
	return o
}
