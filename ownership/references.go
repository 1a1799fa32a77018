package ownership

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// candidates is where the lane puts what it tests.
const candidates = "agentplane/candidate/*"

// checkBranches refuses branches that could be two agents', or an agent's and
// the lane's.
func (r *references) checkBranches() {
	kept := BranchPattern{source: candidates}
	in := r.contract.Integration
	patterns := make([]BranchPattern, len(r.branches))
	for i, ref := range r.branches {
		b := BranchPattern{source: ref.node.Value}
		if agent := r.contract.Agent(ref.from); agent == nil || agent.Branch.String() == "" {
			continue // the branch has been reported
		}
		switch {
		case in.Branch != "" && b.Match(in.Branch):
			r.at(ref.node, "give the agent a branch of its own", "agent %s's branch is the integration branch %s", ref.from, in.Branch)
		case in.Target != "" && b.Match(in.Target):
			r.at(ref.node, "give the agent a branch of its own", "agent %s's branch is the target %s", ref.from, in.Target)
		case b.Intersects(kept):
			r.at(ref.node, "choose branches outside of "+candidates, "agent %s's branch can be one of those that the lane tests", ref.from)
		}
		for j, other := range patterns[:i] {
			if b.Intersects(other) && !r.full() {
				r.at(ref.node, "choose branches that cannot be both", "one branch can match this and the branch %s of agent %s in line %d",
					shorten(other.String()), r.branches[j].from, r.branches[j].node.Line)
			}
		}
		patterns[i] = b
	}
}

// checkCycles refuses agents that wait for themselves, and prints the cycle.
func (r *references) checkCycles() {
	places := map[string]*yaml.Node{}
	for _, w := range r.waits {
		places[w.from+"\x00"+w.node.Value] = w.node
	}
	after := map[string][]string{}
	for _, a := range r.contract.Agents {
		after[a.Name] = a.After
	}
	done := map[string]bool{}
	for _, a := range r.contract.Agents {
		for path := findCycle(a.Name, after, done); path != nil; path = nil {
			last := len(path) - 1
			r.at(places[path[last-1]+"\x00"+path[last]], "remove one of the waits", "agents wait for each other: %s", strings.Join(path, " → "))
		}
	}
}

// findCycle returns a way from an agent back to one on the way, or nil. It
// marks the agents it is done with, so that each cycle is found once.
func findCycle(start string, after map[string][]string, done map[string]bool) []string {
	var path []string
	on := map[string]int{}
	next := map[string]int{}
	path, on[start] = append(path, start), 1
	if done[start] {
		return nil
	}
	for len(path) > 0 {
		at := path[len(path)-1]
		if next[at] == len(after[at]) {
			done[at] = true
			delete(on, at)
			path = path[:len(path)-1]
			continue
		}
		to := after[at][next[at]]
		next[at]++
		if from, cycle := on[to]; cycle {
			for _, n := range path {
				done[n] = true
			}
			return append(append([]string(nil), path[from-1:]...), to)
		}
		if !done[to] {
			path = append(path, to)
			on[to] = len(path)
		}
	}
	return nil
}

// Place names a line of the contract: "file:line", or "built in" for 0.
func (c *Contract) Place(line int) string {
	if line == 0 {
		return "built in"
	}
	return fmt.Sprintf("%s:%d", c.File, line)
}
