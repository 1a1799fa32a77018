// Package queue is the merge queue of one integration branch, as a state machine.
//
//	Step(lane, event) → lane, effects     what happens next
//	Plan(lane)        → order, holds      who goes when, and who waits for what
//	Statuses(lane)    → by pull request   how everybody stands
//
// The package is pure: it reads no clock, network, disk or environment, returns no error and never panics. An event is
// something that was seen; an effect is something to do. Whoever drives the lane saves lane and effects in one
// transaction, carries the effects out, and brings what comes of them back as events.
//
// # A pull request's way
//
// Submitted makes it an entry, at one head. It is held until Judged says that this head is in order, by the contract
// that is in force, and until what it depends on has landed or goes before it. Then the planner puts it into a
// candidate: a commit that merges some entries onto the branch's tip, or onto another candidate that is expected to
// land. Build makes that commit, Built tells of it, and CI tests it: Tested. When every requirement has passed on that
// commit, Land moves the branch to exactly it, and nothing else. Landed tells what the branch holds then. An entry that
// is at fault leaves with a Reason.
//
// # Guarantees
//
//   - Step is total, deterministic and idempotent: the same event again changes nothing and asks for nothing. It does
//     not change its argument.
//   - What lands is the commit that was tested, by compare and swap on the tip by our own records. While a landing is
//     on its way, only its own outcome counts. A branch that holds anything else, or is gone, freezes the lane, and no
//     foreign commit is adopted unless a person says so.
//   - Nothing is built at a head that was not judged good by the contract in force. A push, a new contract or a worse
//     verdict ends every candidate with that entry. Once a landing has begun, they count when it does not go through;
//     before the branch is moved, the heads are read once more, and what comes after that comes too late.
//   - What an entry depends on lands before it, or in the same candidate below it. Cycles are held, and printed.
//   - A pull request lands once. It lands again only when the target was merged without it, or when a person took the
//     branch without it and another one entered it again; and after another test.
//   - What has failed together is never tested again unchanged, nor inside anything larger (FailedSet).
//   - What is nobody's fault ejects nobody: a refusal by GitHub rests or pauses the lane, CI that starts nothing pauses
//     it, a branch that fails by itself pauses it. What was not begun because it is out of date is planned anew.
//   - Every entry lands, leaves with a reason, or waits for something that has a name.
//
// # The target
//
// The branch starts from the target, and is offered to it. When the offer was merged, it starts again from there
// (TargetMerged); what landed after the merged commit lands again, first. When the target moves by itself, the branch
// starts from the newest as long as nothing has landed and nothing is tested, and had nothing before the lane began.
// Otherwise the target's commit becomes an entry (TargetNumber) and goes through a candidate like any other, before all
// others. It is in order without a judgement, and nobody's: it has no status, and counts nowhere as a pull request. What
// is tested of it is not stopped when the target moves on, but when the target has lost it. When it fails or conflicts,
// it leaves; the offer says why (TargetFailed), the lane goes on, and the next commit of the target, or a person who
// resumes the lane, starts another try.
//
// # A branch that is not what it was
//
// A frozen lane moves on when the branch is what it was, or when a person who has seen what it holds takes it so
// (Resumed). Of what landed, that keeps what is known to be on it; the rest leaves as Rewound, and only a command brings
// it back. Foreign commits on top of ours are offered with them, and a restart that would lose them waits for a person.
// A branch that is gone is made again from the target when a person has seen that, and without a person where it was to
// start again anyway. A branch that was looked for and never seen is made when there is an entry.
//
// # Late, lost and repeated events
//
// Commands carry the id of their comment, readings of GitHub a number that grows with each (not a clock). What is older
// than what the lane knows changes nothing. What was lost comes with the next sweep: Reconciled. The outcome of a Build
// or a Land must not be lost; the effect is retried under its key until there is one.
//
// # The planner
//
// Entries are ordered by what they depend on, and then by rank: what is in flight, priority, patience, turns of agents,
// who was left behind, chance to pass, arrival. Chances come from what only this program knows: whether CI has seen the
// commands pass on this head, how the agent's earlier entries went, which subsystems an entry touches, and which failed
// sets it is in.
//
// Candidates form a tree. A child stands on its parent and assumes that it passes; a younger sibling assumes that its
// elders fail. The place that is needed most likely is filled first, down to a chance (the planner's manner). While there
// is room for all, every entry has a candidate of its own. When there is not, the likely ones are pooled, as long as the
// pool is likely to pass, and the doubtful ones are tested apart: on what is nearly certain to land, so that they land
// from there, or else on the tip, where a failure is their own, and a pass makes them fit for a pool. A test on the tip is
// not stopped because something else has landed meanwhile.
//
// The likely would keep every place where enough of them come. So, when the first that waits is overdue or has priority,
// and is better tested apart, it is tested before them, one such candidate at a time.
//
// When CI runs come first (Policy.Goal), the likely ones wait, while something is tested, to be pooled with what arrives.
// Who is doubtful, suspect, or was left behind once does not wait. When many more wait than may be tested, that thrift
// ends: what waits long breaks with what lands meanwhile, and costs more runs than it saves.
//
// A failed set is divided by chance, so that its parts pass about half of the time; when CI runs come first and there is
// room, so that they nearly always pass, which finds the culprit soonest. When all members but one have landed, the last
// one is the culprit without another test.
//
// # Time
//
// Ticked brings the time. A candidate on which nothing starts within Policy.Start is another thing than one that does
// not end within Policy.Timeout; both name the requirements that are missing.
package queue
