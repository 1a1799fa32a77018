package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// Evaluate judges a pull request. c is nil when the contract is missing or invalid; f.Contract then says which.
//
// Classes bind agents' and bots' pull requests. People's are bound by `contract` (whoever changes it changes what
// every later verdict means) and by classes that are set to `deny` (which say that nobody may), and by no other class:
// people answer for their own changes, and the repository's branch rules ask for their reviews. Interfaces bind
// everyone: those who build against them break all the same.
func Evaluate(c *ownership.Contract, f Facts) Report {
	j := &judge{contract: c, facts: f}
	switch refused := f.Touched != nil && f.Touched.Refused != nil; {
	case refused && f.Contract.Kind == ContractUnknown:
		j.refused(*f.Touched.Refused) // nobody looked for the contract once the commits were refused
	case j.contractInForce():
		j.identify()
		j.hear()
		j.touched()
		j.leaveReview()
		j.verify()
		j.suggest()
	}
	j.proposed()
	return j.report()
}

// judge collects findings about one pull request. Its methods only add to them.
type judge struct {
	contract   *ownership.Contract
	facts      Facts
	kind       authorKind
	agent      *ownership.Agent // nil: no agent's
	changes    []Change         // sorted, without repetitions
	ruler      *ownership.Ruler
	marked     func(path string) bool // as generated, by the base's attributes
	asks       []*ask                 // approvals that are needed, by the order of their first path
	answers    []*answer
	effects    *Effects
	contacts   []*contact // one per interface of the contract, in its order
	expansions []expansion
	exact      bool // evidence counts for the very commit only
	widened    int  // paths that an expansion lets pass
	classed    int  // paths that classes decide, not ownership
	left       bool // in a clone: some of the review is the App's to know
	findings   []Finding

	notes         notes // of a body that was read
	matrix        []Row
	notesTemplate string
	signatures    []Signature
	stuck         escalation
}

// add files a finding under its rule's own check, level, verdict and party, where the finding does not say otherwise.
func (j *judge) add(f Finding) {
	rule := ruleOf(f.Rule)
	f.Check = rule.Check
	if f.Level == "" {
		f.Level = rule.Level
	}
	if f.Verdict == "" {
		f.Verdict = rule.Verdict
	}
	if f.Who == "" {
		f.Who = rule.Who
		if f.Verdict == Failure && j.kind == byPerson {
			f.Who = Person
		}
	}
	if f.Path != "" && f.Line == 0 {
		f.Line = 1
	}
	j.findings = append(j.findings, f)
}

func (j *judge) report() Report {
	f := j.facts
	r := Report{
		PR: f.PR, Target: f.Base.Name, Base: f.Base.SHA, Head: f.Head.SHA, Files: len(j.paths()),
		Contract: Source{File: ownership.FileName, Commit: f.Contract.Commit},
		Findings: sortFindings(j.findings), Matrix: j.matrix, Template: j.notesTemplate,
		Attempt: j.stuck.attempt,
	}
	if j.contract != nil {
		r.Contract.SHA256, r.Attempts = j.contract.Digest, j.contract.Limits.Attempts
	}
	if j.agent != nil {
		r.Agent = j.agent.Name
	}
	if j.contract != nil {
		r.Outcome = Outcome{
			Approvals: j.approvals(), Commands: j.commandResults(), Reviewers: j.reviewers(), Effects: j.effects,
			Signatures: j.signatures, Escalated: j.stuck.escalated, History: j.stuck.history,
		}
	}
	for _, name := range checkNames() {
		of := r.Of(name)
		r.Checks = append(r.Checks, Check{Name: name, Verdict: verdictOf(of), Title: j.title(name, of)})
	}
	return r
}

// paths returns the changed paths without repetitions, sorted.
func (j *judge) paths() []string {
	paths := make([]string, 0, len(j.changes))
	for _, c := range j.changes {
		paths = append(paths, c.Path)
	}
	return slices.Compact(paths)
}

// at names a line of the contract, or that no line of it decided.
func at(line int) string {
	if line <= 0 {
		return "built-in"
	}
	return fmt.Sprintf("%s:%d", ownership.FileName, line)
}

// inSection names a section of the contract, for what may be set there or left to its default.
func inSection(name string) string { return ownership.FileName + " " + name }

// contractInForce reports whether there is a contract to judge by, and files why not.
func (j *judge) contractInForce() bool {
	s := j.facts.Contract
	if j.contract != nil && s.Kind == ContractFound {
		return true
	}
	if s.Kind == ContractMissing {
		j.add(Finding{
			Rule: RuleContractMissing, Contract: ownership.FileName,
			Message: fmt.Sprintf("%s has no %s, so nothing can pass%s", j.contractPlace(), code(ownership.FileName), j.bringsContract()),
			Fix:     "A person adds the contract on the default branch.",
		})
		return false
	}
	if s.Kind == ContractInvalid && len(s.Problems) > 0 {
		j.syntaxProblems(s.Problems)
		return false
	}
	j.add(Finding{
		Rule: RuleContractInvalid, Contract: ownership.FileName, Message: j.contractFault() + j.bringsContract(), Fix: j.contractRemedy(),
	})
	return false
}

func (j *judge) contractPlace() string {
	place := "The default branch"
	if j.facts.Default != "" {
		place += " " + code(j.facts.Default)
	}
	return place
}

// bringsContract adds, for a pull request that changes the contract, that it counts only once it is merged.
func (j *judge) bringsContract() string {
	if j.facts.Touched == nil {
		return ""
	}
	for _, c := range j.facts.Touched.Changes {
		if c.Path == ownership.FileName {
			return "; the one in this pull request counts once a person has merged it"
		}
	}
	return ""
}

func (j *judge) contractFault() string {
	return stateFault(j.contractPlace()+": "+code(ownership.FileName), j.facts.Contract)
}

// stateFault says what is wrong with the contract that was looked for somewhere.
func stateFault(where string, s ContractState) string {
	switch s.Kind {
	case ContractIrregular:
		return fmt.Sprintf("%s is no regular file (mode %06o)", where, s.Mode)
	case ContractTooLarge:
		return fmt.Sprintf("%s has %d bytes; %d are allowed", where, s.Size, ownership.MaxSize)
	case ContractUnreadable:
		return fmt.Sprintf("%s could not be read: %s", where, code(s.Detail))
	case ContractInvalid:
		return where + " does not parse"
	default:
		return where + " was not read"
	}
}

func (j *judge) contractRemedy() string {
	switch j.facts.Contract.Kind {
	case ContractIrregular, ContractTooLarge, ContractInvalid:
		return "A person puts a valid contract there, as a regular file of mode 100644 and at most 64 KiB."
	default:
		return "A person looks at the log of the App."
	}
}

func (j *judge) syntaxProblems(problems ownership.SyntaxErrors) {
	for _, p := range problems {
		if p == nil {
			j.add(Finding{Rule: RuleContractInvalid, Contract: ownership.FileName, Message: "The contract does not parse"})
			continue
		}
		message := fmt.Sprintf("The contract on the default branch does not parse: %s, column %d", code(p.Msg), p.Col)
		if p.Text != "" {
			message += ", at " + code(p.Text)
		}
		fix := "A person mends it on the default branch."
		if p.Fix != "" {
			fix = "A person mends it on the default branch: " + code(p.Fix)
		}
		j.add(Finding{Rule: RuleContractInvalid, Contract: at(p.Line), Message: message + j.bringsContract(), Fix: fix})
	}
}

// touched judges the changed paths, or files why they are not known.
func (j *judge) touched() {
	f := j.facts
	if f.Base.SHA == "" || f.Head.SHA == "" {
		j.unreadable("Which commits to judge is not known")
	}
	if f.Touched == nil {
		j.unreadable("What the pull request changes could not be read")
		return
	}
	if f.Touched.Refused != nil {
		j.refused(*f.Touched.Refused)
		return
	}
	j.changes = slices.Clone(f.Touched.Changes)
	slices.SortFunc(j.changes, compareChanges)
	j.changes = slices.Compact(j.changes)
	if limit := j.contract.Limits.Paths; limit > 0 && len(j.paths()) > limit {
		j.refused(Refusal{Kind: RefusedTooManyPaths, Count: len(j.paths()), Limit: limit})
		return
	}
	j.conflicts(f.Touched.Conflicts)
	if j.foreign(); !j.landed() {
		j.judgePaths()
	}
	j.twins()
	if len(j.changes) == 0 {
		j.add(Finding{Rule: RuleEmpty, Contract: "built-in", Message: "The pull request changes no file"})
	}
}

func compareChanges(a, b Change) int {
	return strings.Compare(changeKey(a), changeKey(b))
}

func changeKey(c Change) string {
	return fmt.Sprintf("%s\x00%06o%06o%s %s", c.Path, c.OldMode, c.NewMode, c.OldID, c.NewID)
}

func (j *judge) unreadable(message string) {
	j.add(Finding{
		Rule: RuleUnreadable, Contract: "built-in", Message: message,
		Fix: "Push again; if it stays, a person looks at the log of the App.",
	})
}

// refused turns git's refusal into a finding.
func (j *judge) refused(r Refusal) {
	rule := map[RefusalKind]RuleID{
		RefusedTooManyPaths: RuleTooLarge, RefusedTooLarge: RuleTooLarge, RefusedOutOfLimits: RuleTooLarge,
		RefusedUnrelated: RuleHistory, RefusedTooManyBases: RuleHistory, RefusedShallow: RuleHistory,
	}[r.Kind]
	f := Finding{Rule: rule, Contract: "built-in", Message: refusalText(r), Fix: ruleOf(rule).Remedy}
	switch {
	case rule == "":
		f.Rule = RuleUnreadable
		f.Fix = "Repair the commits, or push them again from a sound clone."
	case r.Kind == RefusedTooManyPaths && j.contract != nil:
		f.Contract = inSection("limits")
	}
	if r.Fix != "" {
		f.Fix = code(r.Fix)
	}
	j.add(f)
}

func refusalText(r Refusal) string {
	text := map[RefusalKind]string{
		RefusedTooManyPaths: "Too many paths changed",
		RefusedTooLarge:     "The commits hold something that is too large",
		RefusedOutOfLimits:  "Computing the changes took more memory or time than is allowed",
		RefusedUnrelated:    "Head and base share no commit",
		RefusedTooManyBases: "Head and base have too many merge bases",
		RefusedShallow:      "The history is cut off",
		RefusedBadObjects:   "The commits hold objects that git rejects",
		RefusedBadPath:      "The commits hold a path over git's limits",
	}[r.Kind]
	if text == "" {
		text = "The commits could not be read"
	}
	if r.Limit > 0 {
		text += fmt.Sprintf(" (%d; %d allowed)", r.Count, r.Limit)
	}
	if r.Path != "" {
		text += ", at " + code(r.Path)
	}
	if r.Detail != "" {
		text += ": " + code(r.Detail)
	}
	return text
}

func (j *judge) conflicts(paths []string) {
	if len(paths) == 0 {
		return
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(paths)))
	base := "its base"
	if name := j.baseBranch(); name != "" {
		base = code(name)
	}
	fix := j.mergeCommand()
	if fix == "" {
		fix = "Merge the base into the branch and resolve the conflict within the agent's own paths."
	}
	for _, path := range sorted {
		j.add(Finding{
			Rule: RuleMergeConflict, Path: path, Contract: "built-in", Fix: fix,
			Message: fmt.Sprintf("%s conflicts with %s, so what would land is not known", code(path), base),
		})
	}
}

// baseBranch is the base as the remote calls it. A clone may have named it by its tracking branch.
func (j *judge) baseBranch() string {
	if j.facts.Local {
		return strings.TrimPrefix(j.facts.Base.Name, "origin/")
	}
	return j.facts.Base.Name
}

// mergeCommand brings the base into the branch, or is "".
func (j *judge) mergeCommand() string {
	base := j.facts.Base.Name
	switch {
	case !shellSafe(base):
		return ""
	case j.facts.Local && !strings.HasPrefix(base, "origin/"):
		return "git merge " + word(base)
	default:
		return "git pull --no-rebase origin " + word(j.baseBranch())
	}
}

// baseRevision is what a clone calls the base.
func (j *judge) baseRevision() string {
	if j.facts.Local || j.facts.Base.Name == "" {
		return j.facts.Base.Name
	}
	return "origin/" + j.facts.Base.Name
}
