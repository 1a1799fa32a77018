package queue

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// arguments are the words of an event's line: positional ones, flags, and key=value.
type arguments struct {
	t     *testing.T
	line  string
	words []string
	why   string // what follows " : "
}

func (a arguments) or(key, other string) string {
	for _, w := range a.words {
		if value, ok := strings.CutPrefix(w, key+"="); ok {
			return value
		}
	}
	return other
}

func (a arguments) has(flag string) bool { return slices.Contains(a.words[1:], flag) }

func (a arguments) list(key string) []string {
	if text := a.or(key, ""); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// numbers reads a list of pull requests.
func (a arguments) numbers(key string) (all []int) {
	for _, text := range a.list(key) {
		all = append(all, a.int(text))
	}
	return all
}

func (a arguments) int(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		a.t.Fatalf("%q: %v", a.line, err)
	}
	return n
}

func (a arguments) count(key string, other int64) int64 {
	return int64(a.int(a.or(key, strconv.FormatInt(other, 10))))
}

// at is a positional word, "" where a flag or a key stands or nothing.
func (a arguments) at(i int) string {
	if i < len(a.words) && !strings.Contains(a.words[i], "=") {
		return a.words[i]
	}
	return ""
}

func (a arguments) duration(key string) time.Duration {
	d, err := time.ParseDuration(a.or(key, "0s"))
	if err != nil {
		a.t.Fatalf("%q: %v", a.line, err)
	}
	return d
}

// policy changes what is named.
func (a arguments) policy(p Policy) Policy {
	p.Contract = a.or("contract", orElse(p.Contract, "k1"))
	p.Required = []string{"check"}
	if required := a.list("required"); required != nil {
		p.Required = required
	}
	if a.has("nothing-required") {
		p.Required = nil
	}
	p.Goal, p.Method, p.Broken = Goal(a.or("goal", "")), a.or("method", "merge"), a.or("broken", "")
	p.Batch, p.Parallel = int(a.count("batch", 0)), int(a.count("parallel", 0))
	p.Attempts = int(a.count("attempts", 0))
	p.Start, p.Timeout, p.Patience = a.duration("start"), a.duration("timeout"), a.duration("patience")
	return p
}

// readAt is the reading that a line names, or the next one. What is not named is newer than all before.
func (k *talk) readAt(a arguments) int64 {
	n := a.count("reading", k.reading+1)
	k.reading = max(k.reading, n)
	return n
}

// askAt is the request that a line names, or the next one.
func (k *talk) askAt(a arguments) int64 {
	n := a.count("request", k.request+1)
	k.request = max(k.request, n)
	return n
}

// event reads an event.
func (k *talk) event(a arguments) Event {
	switch a.words[0] {
	case "submit", "withdraw", "close", "push", "judge":
		return k.pullEvent(a, a.int(a.words[1]))
	case "built", "reject", "started", "pass", "fail", "never", "long", "basefails", "landed":
		return k.candidateEvent(a)
	case "refuse":
		return Refused{Key: k.pending(a.words[1]), Final: a.has("final"), Stale: a.has("stale"), Gone: a.has("gone"), Seen: a.or("seen", ""), Why: a.why, Until: k.lane.Now.Add(a.duration("in"))}
	case "again":
		return k.last
	case "tick":
		d, err := time.ParseDuration(a.words[1])
		if err != nil {
			a.t.Fatalf("%q: %v", a.line, err)
		}
		return Ticked{At: k.lane.Now.Add(d)}
	case "pause":
		return PauseSet{By: "ann", Why: a.why, Request: k.askAt(a)}
	case "resume":
		return Resumed{By: "ann", Tip: a.or("tip", ""), Gone: a.has("gone"), Holds: a.or("holds", ""), Request: k.askAt(a), Reading: k.read()}
	case "policy":
		return PolicyChanged{Policy: a.policy(k.lane.Policy), Reading: k.readAt(a)}
	}
	return k.branchEvent(a)
}

// branchEvent reads an event about the branches.
func (k *talk) branchEvent(a arguments) Event {
	switch a.words[0] {
	case "tip":
		return TipMoved{Tip: strings.TrimPrefix(a.at(1), "gone"), Reading: k.readAt(a)}
	case "target":
		return TargetMoved{Target: a.at(1), Rewound: a.has("rewound"), Reading: k.readAt(a)}
	case "merged":
		return TargetMerged{Head: a.or("head", k.lane.Tip), Target: a.or("target", ""), Reading: k.readAt(a)}
	case "sweep":
		return k.sweep(a)
	}
	a.t.Fatalf("%q: no such event", a.line)
	return nil
}

func (k *talk) sweep(a arguments) Event {
	e := Reconciled{Reading: k.readAt(a), OpenAll: !a.has("partial"), HaveAll: a.or("branches", "") != ""}
	if tip := a.or("tip", ""); tip != "" {
		e.Tip = &TipMoved{Tip: tip, Reading: e.Reading}
	}
	for _, text := range a.list("open") {
		number, head, _ := strings.Cut(text, ":")
		n := a.int(number)
		e.Open = append(e.Open, Member{n, orElse(head, k.heads[n])})
	}
	for _, name := range a.list("branches") {
		e.Branches = append(e.Branches, orElse(k.ids[name], name))
	}
	return e
}

// pullEvent reads an event about a pull request.
func (k *talk) pullEvent(a arguments, n int) Event {
	switch a.words[0] {
	case "submit":
		k.heads[n] = orElse(a.or("head", ""), orElse(k.heads[n], strconv.Itoa(n)+"a"))
		return Submitted{Number: n, Head: k.heads[n], Agent: a.or("agent", "search"), Priority: int(a.count("priority", 0)),
			Request: k.askAt(a), Anew: a.has("anew")}
	case "withdraw":
		return Withdrawn{Number: n, Request: k.askAt(a), Why: a.why}
	case "close":
		return Withdrawn{Number: n, Reading: k.readAt(a), Why: orElse(a.why, "it was closed")}
	case "push":
		k.heads[n] = a.words[2]
		return HeadMoved{Number: n, Head: k.heads[n], Reading: k.readAt(a)}
	}
	return k.judge(a, n)
}

func (k *talk) judge(a arguments, n int) Event {
	e := Judged{Number: n, Reading: k.readAt(a)}
	e.Judgement = Judgement{Head: a.or("head", k.heads[n]), Contract: a.or("contract", k.lane.Policy.Contract), Good: a.at(2) == "good", Why: a.why}
	e.Known = Known{Groups: a.list("groups"), Interface: a.has("interface"), Observed: a.has("observed")}
	for _, text := range a.list("after") {
		need := Need{Why: "Depends-On"}
		text, state, _ := strings.Cut(text, ":")
		repo, number, foreign := strings.Cut(text, "!")
		if !foreign {
			repo, number = "", text
		}
		need.Repo, need.State, need.Number = repo, NeedState(state), a.int(number)
		e.Known.After = append(e.Known.After, need)
	}
	for _, text := range a.list("clash") {
		number, path, _ := strings.Cut(text, ":")
		o := a.int(number)
		e.Known.Clashes = append(e.Known.Clashes, Clash{B: Member{o, k.heads[o]}, Paths: []string{path}})
	}
	if passed, failed, ok := strings.Cut(a.or("record", ""), "/"); ok {
		e.Known.Record.Plain = Tally{a.int(passed), a.int(failed)}
	}
	return e
}

// pending is the key of the effect that a candidate, or the restart, waits for.
func (k *talk) pending(name string) string {
	if name == "restart" && k.lane.Restart != nil {
		return k.lane.restart().Key()
	}
	if c := k.lane.candidate(k.ids[name]); c != nil {
		return k.lane.ends(c)
	}
	return "nothing/" + name
}

// candidateEvent reads an event about a candidate.
func (k *talk) candidateEvent(a arguments) Event {
	name := a.words[1]
	id, commit, tree := k.ids[name], "m"+name[1:], "t"+name[1:]
	switch a.words[0] {
	case "built":
		return Built{Candidate: id, Commit: commit, Tree: tree}
	case "reject":
		return Rejected{Candidate: id, Number: a.int(a.words[2]), Paths: a.list("paths"), With: a.numbers("with"), Refused: a.why}
	case "landed":
		if name == "restart" {
			if k.lane.Restart == nil {
				a.t.Fatalf("%q: there is no restart", a.line)
			}
			return Landed{Key: k.lane.restart().Key(), Commit: a.or("commit", k.lane.Restart.Target)}
		}
		return Landed{Candidate: id, Commit: a.or("commit", commit), Tree: a.or("tree", tree)}
	}
	outcomes := map[string]Outcome{"started": Started, "pass": Pass, "fail": Fail, "never": NeverStarted, "long": TooLong, "basefails": BaseFails}
	return Tested{Candidate: id, Commit: a.or("commit", commit), Requirement: a.at(2), Outcome: outcomes[a.words[0]], Detail: a.why}
}
