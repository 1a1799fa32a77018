package ownership

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// approvals reads the classes into the contract's list, which starts with the
// built-in ones.
func (d *decoder) approvals(n *yaml.Node, c *Contract) {
	d.named(n, "approvals", func(name string, key, value *yaml.Node) {
		class := c.Class(name)
		if class == nil {
			c.Classes = append(c.Classes, Class{Name: name})
			class = &c.Classes[len(c.Classes)-1]
		}
		class.Line = key.Line
		d.class(class, value)
	})
}

// class reads one class: the word deny, or who approves which paths.
func (d *decoder) class(c *Class, n *yaml.Node) {
	what := "class " + c.Name
	if n.Kind == yaml.ScalarNode && n.Value == "deny" {
		if !c.Builtin {
			d.at(n, "write { paths: […], by: deny }", "%s is not built in, so it needs paths", what)
		}
		c.Deny = true
		return
	}
	if n.Kind == yaml.ScalarNode {
		d.at(n, `write deny, or { by: ["@org/team"] }`, "%s has to be deny or a mapping", what)
		return
	}
	seen := d.fields(n, what, map[string]reader{
		"paths": func(v *yaml.Node) {
			if c.Name == ClassLinks {
				d.at(v, "remove paths", "%s is decided by the mode of an entry, not by paths", what)
			}
			c.Paths = append(c.Paths, d.claims(v, "paths of "+what)...)
		},
		"by": func(v *yaml.Node) {
			c.Deny = v.Kind == yaml.ScalarNode && v.Value == "deny"
			if !c.Deny {
				c.By = d.people(v, "by of "+what)
			}
		},
	})
	if !c.Builtin {
		d.require(n, what, seen, "paths")
	}
}

// interfaces reads the paths that others build against.
func (d *decoder) interfaces(n *yaml.Node) []Interface {
	var all []Interface
	d.named(n, "interfaces", func(name string, key, value *yaml.Node) {
		i := Interface{Name: name, Line: key.Line}
		what := "interface " + name
		seen := d.fields(value, what, map[string]reader{
			"paths":     func(v *yaml.Node) { i.Paths = d.claims(v, "paths of "+what) },
			"consumers": func(v *yaml.Node) { i.Consumers = d.claims(v, "consumers of "+what) },
			"by":        func(v *yaml.Node) { i.By = d.people(v, "by of "+what) },
		})
		d.require(value, what, seen, "paths")
		all = append(all, i)
	})
	return all
}

// limits reads the bounds.
func (d *decoder) limits(n *yaml.Node, l *Limits) {
	d.fields(n, "limits", map[string]reader{
		"active_agents": func(v *yaml.Node) { l.ActiveAgents = d.integer(v, "active_agents", 1, MaxAgents) },
		"attempts":      func(v *yaml.Node) { l.Attempts = d.integer(v, "attempts", 1, 100) },
		"paths":         func(v *yaml.Node) { l.Paths = d.integer(v, "paths", 1, 50_000) },
	})
}

// queue reads the lane's policy.
func (d *decoder) queue(n *yaml.Node, q *QueuePolicy) {
	d.fields(n, "queue", map[string]reader{
		"batch":    func(v *yaml.Node) { q.Batch = d.integer(v, "batch", 1, 64) },
		"parallel": func(v *yaml.Node) { q.Parallel = d.integer(v, "parallel", 1, 32) },
		"timeout":  func(v *yaml.Node) { q.Timeout = d.duration(v, "timeout") },
		"method": func(v *yaml.Node) {
			q.Method = Method(d.choice(v, "method", string(Merge), string(Squash)))
		},
		"goal": func(v *yaml.Node) { q.Goal = Goal(d.choice(v, "goal", string(Fast), string(Lean))) },
	})
}

// duration reads a time span of minutes and hours.
func (d *decoder) duration(n *yaml.Node, what string) time.Duration {
	const least, most = time.Minute, 24 * time.Hour
	span, err := time.ParseDuration(n.Value)
	plain := n.Kind == yaml.ScalarNode && n.Tag == "!!str" && !strings.ContainsAny(n.Value, ".-+µnu")
	if err != nil || !plain || strings.Contains(n.Value, "ms") || span < least || span > most {
		d.at(n, "write it like 60m or 1h30m", "%s has to be a time from 1m to 24h", what)
		return DefaultTimeout
	}
	return span
}

// unassigned reads what becomes of pull requests that match no agent.
func (d *decoder) unassigned(n *yaml.Node, u *Unassigned) {
	read := func(o *Outcome, what string) reader {
		return func(v *yaml.Node) { *o = Outcome(d.choice(v, what, string(Fail), string(Pass))) }
	}
	d.fields(n, "unassigned", map[string]reader{"bots": read(&u.Bots, "bots"), "people": read(&u.People, "people")})
}

// references are the names and branches that have to fit together once the
// whole contract was read.
type references struct {
	*decoder
	contract *Contract
	branches []reference
	waits    []reference
	columns  []reference
}

// A reference is a node that names something, and the agent it stands at.
type reference struct {
	node *yaml.Node
	from string
}

// after remembers the entries of an agent's after.
func (r *references) after(agent string) func(*yaml.Node, string) {
	return func(n *yaml.Node, _ string) { r.waits = append(r.waits, reference{n, agent}) }
}

// column remembers an entry of a requirement's for.
func (r *references) column(n *yaml.Node, _ string) {
	r.columns = append(r.columns, reference{node: n})
}

// check looks at everything that was remembered.
func (r *references) check() {
	names := make([]string, len(r.contract.Agents))
	for i, a := range r.contract.Agents {
		names[i] = a.Name
	}
	known := map[string]bool{}
	for _, n := range names {
		known[n] = true
	}
	for _, w := range r.waits {
		if !known[w.node.Value] {
			r.unknown(w.node, "no agent has this name", names)
		}
	}
	for _, c := range r.columns {
		if !known[c.node.Value] && c.node.Value != IntegrationColumn {
			r.unknown(c.node, "no agent has this name", append(slices.Clip(names), IntegrationColumn))
		}
	}
	r.checkBranches()
	r.checkCycles()
}
