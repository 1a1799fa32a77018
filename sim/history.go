package sim

import "slices"

// Logged is one commit of a history.
type Logged struct{ SHA, Message string }

// History lists the commits along first parents that a commit has and another one lacks, the oldest first: what a branch
// was moved over. A commit that is not there has none.
func (r *Repo) History(of, without string) []Logged {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	known := map[string]bool{}
	if without != "" {
		known = r.reachable(without, nil)
	}
	var out []Logged
	for of != "" && !known[of] {
		c, err := r.commit(of)
		if err != nil {
			break
		}
		out = append(out, Logged{SHA: c.id, Message: c.message})
		if of = ""; len(c.parents) > 0 {
			of = c.parents[0]
		}
	}
	slices.Reverse(out)
	return out
}
