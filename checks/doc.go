// Package checks judges a pull request: facts and contract go in, a report comes out, and the report becomes the
// documents that GitHub, a terminal or another program shows.
//
//	Evaluate(contract, facts) → Report → Render     → []Document  (GitHub check runs)
//	                                   → RenderText → string      (a terminal)
//	                                   → RenderGitHub → string    (workflow commands)
//	                                   → json.Marshal → []byte    (a program; the schema is ReportSchema)
//
// What the merge queue asks of it and shows through it has the same shape:
//
//	ParseCommand(comment)       → Command; Report.Commands says what became of each
//	Depends(description)        → what must land first
//	Integrated(contract, facts) → what CI shows of a candidate, on that very commit
//	RenderLane, LaneComment     → how a pull request stands in the lane
//	RenderOffer(offer)          → the pull request from the integration branch to its target
//
// The package is pure. It reads no clock, disk, network or environment, returns no error and never panics.
//
// # Guarantees
//
//   - Fail closed: a fact that is unknown is a finding, and that finding never passes. The zero Facts never pass.
//   - Monotone: another finding never improves a verdict.
//   - Deterministic: the order of changes, siblings and conflicts is irrelevant, equal input gives equal bytes.
//   - Reasons: every finding names the rule, the place, the contract line that decided, who must act and how.
//   - Inert: text that a pull request's author controls (paths, branches, logins) appears in documents only inside
//     code spans and fences, without backticks, control, bidirectional or invisible characters, at most 200
//     characters of it. A command is printed only when no shell could read a path in it as anything but a path.
//   - Bounded: every document keeps GitHub's limits. What does not fit is counted, never cut within a rune,
//     a code span, a fence or a finding.
//
// # What has to be shown
//
// Each requirement that binds a pull request is a row of the matrix, with the level it needs and the level it has:
// missing < claimed (by the notes in the body) < observed (by CI, on the head or on a commit of the same tree) <
// integrated (by CI, on the integration branch's commit). A claim never raises trust; it is compared with what CI says.
// docs/evidence.md explains the levels, docs/notes.md what notes look like.
//
// # Whom a rule binds
//
// A pull request is an agent's when its branch lives in the same repository, matches exactly one agent and its
// identity holds; ownership then binds every path. One that matches no agent is judged by the contract's
// `unassigned`: a bot's by `bots`, a person's by `people`. An account that the contract lists under any agent counts
// as a bot; an author who is not known passes only where bots and people both do. The author answers for such a pull
// request, whoever pushed. Rules on the changed paths as such (unrepresentable names, twins,
// size, conflicts, history) bind everyone, because they break everyone's checkout or hide what would land.
// For classes and interfaces see Evaluate.
package checks
