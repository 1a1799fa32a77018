package checks

import "fmt"

// Offered is what the App's records say of an integration branch that is offered to its target.
type Offered struct {
	Tip     string // the commit that the lane has moved it to, every change on it judged as it landed
	Changes int    // how many landed
	// Began is the commit that the branch held before the lane began, where the target lacks it and no person has taken the
	// branch over since: nobody judged what is in it. "" otherwise.
	Began string
}

// offers reports whether the head is the integration branch itself.
func (j *judge) offers() bool {
	f := j.facts
	return j.contract.Integration.Branch != "" && f.Head.Name == j.contract.Integration.Branch && !f.FromFork()
}

// landed reports whether the head is what the lane has landed, and nothing else: each change on it was judged against its
// own agent's paths, with its own approvals, when it landed. They are not judged again as one change of nobody's.
func (j *judge) landed() bool {
	o := j.facts.Offered
	return j.offers() && o != nil && o.Tip != "" && o.Tip == j.facts.Head.SHA && o.Began == ""
}

// foreign files that an integration branch holds something else than what landed on it.
func (j *judge) foreign() {
	o := j.facts.Offered
	if !j.offers() || o == nil || j.landed() {
		return
	}
	message := fmt.Sprintf("%s is at %s, and nothing landed on it", code(j.facts.Head.Name), short(j.facts.Head.SHA))
	switch {
	case o.Tip == j.facts.Head.SHA && o.Began != "":
		message = fmt.Sprintf("%s was at %s before anything landed on it; the target lacks that, and nobody judged it", code(j.facts.Head.Name), short(o.Began))
	case o.Tip != "":
		message = fmt.Sprintf("%s is at %s, and what landed on it is %s", code(j.facts.Head.Name), short(j.facts.Head.SHA), short(o.Tip))
	}
	j.add(Finding{Rule: RuleForeign, Contract: at(j.contract.Integration.Line), Message: message})
}
