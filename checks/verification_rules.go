package checks

// The rules of verification. docs/rules.md says what each means, docs/evidence.md what evidence is.
const (
	RuleMissing        RuleID = "verification/missing"
	RuleUnobserved     RuleID = "verification/unobserved"
	RuleStale          RuleID = "verification/stale"
	RuleFailed         RuleID = "verification/failed"
	RuleContradicted   RuleID = "verification/contradicted"
	RuleWaiting        RuleID = "verification/waiting"
	RuleLate           RuleID = "verification/late"
	RuleEvidenceUnread RuleID = "verification/unread"
	RuleHarness        RuleID = "verification/harness"
	RuleAttempts       RuleID = "verification/attempts"
	RuleNotesMissing   RuleID = "notes/missing"
	RuleNotesInvalid   RuleID = "notes/invalid"
	RuleNotesStale     RuleID = "notes/stale"
)

// CheckVerification says whether what the contract requires was shown.
const CheckVerification = "agentplane/verification"

func verificationRules() []Rule {
	return []Rule{{
		ID: RuleMissing, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "Nothing counts as evidence of a requirement: CI ended without running the command as a step of its own, was cancelled or skipped, " +
			"or, where a claim is enough, the notes do not make it.",
		Remedy: "Run what is required, and write it down in the notes; the template shows how.",
	}, {
		ID: RuleUnobserved, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The notes claim that a command succeeded, and CI did not observe it on this commit. A claim never replaces evidence.",
		Remedy:  "Have CI run it: the message says what is in the way.",
	}, {
		ID: RuleStale, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "What there is was shown on another commit with other contents. Evidence counts for another commit only where both have the same tree.",
		Remedy:  "Show it again on the present head: renew the notes, or have CI run.",
	}, {
		ID: RuleFailed, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "CI ran what is required and it failed; or the notes, where they are enough, say that it failed. A later failure revokes an earlier success.",
		Remedy:  "Mend what the first error says, and push.",
	}, {
		ID: RuleContradicted, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The notes claim success, and CI says that it failed. The other way round it is a notice: evidence decides.",
		Remedy:  "Mend what fails, run it, and write down what it really gave.",
	}, {
		ID: RuleWaiting, Check: CheckVerification, Level: Notice, Verdict: Pending, Who: Agent,
		Meaning: "CI has not ended, or has not begun and still has time: `queue.timeout` of the contract. In a local clone it stands for what only " +
			"GitHub can show, and is no pass.",
		Remedy: "Nothing: the check is judged again when CI reports.",
	}, {
		ID: RuleLate, Check: CheckVerification, Level: Error, Verdict: ActionRequired, Who: Person,
		Meaning: "CI never started on this commit, takes longer than `queue.timeout` of the contract, or waits for a person to let it run.",
		Remedy:  "A person looks at the run on GitHub, and starts it again.",
	}, {
		ID: RuleEvidenceUnread, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "What CI reported, the description or the history of failures could not be read, and what is not known never passes.",
		Remedy:  "Push again; if it stays, a person looks at the log of the App.",
	}, {
		ID: RuleHarness, Check: CheckVerification, Level: Warning, Verdict: ActionRequired, Who: Person,
		Meaning: "The pull request changes what decides the meaning of a success: the workflow that is evidence, actions of the repository, or a path " +
			"of `harness`, the contract's or the requirement's. It cannot be its own witness, so a person must approve the change.",
		Remedy: "A person with write access who is no agent reads the change and approves it.",
	}, {
		ID: RuleAttempts, Check: CheckVerification, Level: Error, Verdict: ActionRequired, Who: Person,
		Meaning: "The same failure came on `limits.attempts` heads in a row, whatever was pushed between. Further pushes do not clear it. The same " +
			"means the same requirement and the same first error, without paths, numbers, times and commits.",
		Remedy: "A person looks at the failures, and comments `/retry` when another attempt makes sense.",
	}}
}

func notesRules() []Rule {
	return []Rule{{
		ID: RuleNotesMissing, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The description lacks a section that the contract requires, or the section says nothing. Headings of any level count, compared by " +
			"letters and digits; what is quoted or hidden in a comment does not.",
		Remedy: "Add the section to the description; the template shows how.",
	}, {
		ID: RuleNotesInvalid, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The fenced `agentplane` block cannot be read, stands twice, speaks for another agent or gives another command than the contract; or " +
			"the description is too long. A warning where no requirement needs the notes, and for names that the contract does not know.",
		Remedy: "Mend the block, or paste the template and fill it in.",
	}, {
		ID: RuleNotesStale, Check: CheckVerification, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The notes are about another commit than the head. A block names its commit. Prose speaks about the present head, unless its section " +
			"of commands names commits and the head is not among them. A warning where no requirement needs the notes.",
		Remedy: "Run the commands on the present head, and renew the notes.",
	}}
}
