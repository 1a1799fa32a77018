package ownership

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"
)

// Parse reads a contract. The name is used in messages. The error is of type
// SyntaxErrors and lists everything that is wrong; the contract is nil then. A
// contract that Parse returns has been checked whole: names that it refers to
// exist, no branch can be two agents', and no agent waits for itself.
func Parse(name string, src []byte) (*Contract, error) {
	p := &problems{file: name}
	root := document(src, p)
	if root == nil {
		return nil, p.err()
	}
	sum := sha256.Sum256(src)
	c := &Contract{File: name, Digest: hex.EncodeToString(sum[:])}
	d := &decoder{problems: p}
	d.contract(root, c)
	if err := p.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// The defaults of what a contract may leave out.
const (
	DefaultAttempts = 3
	DefaultPaths    = 5000
	DefaultBatch    = 8
	DefaultParallel = 4
	DefaultTimeout  = 60 * time.Minute
)

// contract reads the whole document.
func (d *decoder) contract(root *yaml.Node, c *Contract) {
	c.Classes = BuiltinClasses()
	c.Limits = Limits{Attempts: DefaultAttempts, Paths: DefaultPaths}
	c.Queue = QueuePolicy{Batch: DefaultBatch, Parallel: DefaultParallel, Timeout: DefaultTimeout, Method: Merge, Goal: Fast}
	c.Unassigned = Unassigned{Bots: Fail, People: Pass}
	r := references{decoder: d, contract: c}
	seen := d.fields(root, "the contract", map[string]reader{
		"version":      func(n *yaml.Node) { c.Version = d.version(n) },
		"integration":  func(n *yaml.Node) { c.Integration = d.integration(n) },
		"agents":       func(n *yaml.Node) { c.Agents = d.agents(n, &r) },
		"shared":       func(n *yaml.Node) { c.Shared = d.claims(n, "shared") },
		"verification": func(n *yaml.Node) { c.Requirements = d.requirements(n, &r) },
		"approvals":    func(n *yaml.Node) { d.approvals(n, c) },
		"interfaces":   func(n *yaml.Node) { c.Interfaces = d.interfaces(n) },
		"limits":       func(n *yaml.Node) { d.limits(n, &c.Limits) },
		"queue":        func(n *yaml.Node) { d.queue(n, &c.Queue) },
		"unassigned":   func(n *yaml.Node) { d.unassigned(n, &c.Unassigned) },
		"harness":      func(n *yaml.Node) { c.Harness = d.claims(n, "harness") },
	})
	d.require(root, "the contract", seen, "version", "agents")
	r.check()
}

// version reads the version of the contract's language.
func (d *decoder) version(n *yaml.Node) int {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Value != "1" {
		d.at(n, "write version: 1", "the version has to be 1, the only one this program reads")
	}
	return 1
}

// integration reads where changes land.
func (d *decoder) integration(n *yaml.Node) Integration {
	in := Integration{Line: n.Line}
	seen := d.fields(n, "integration", map[string]reader{
		"branch":      func(v *yaml.Node) { in.Branch = d.oneBranch(v, "integration.branch") },
		"target":      func(v *yaml.Node) { in.Target = d.oneBranch(v, "integration.target") },
		"integrators": func(v *yaml.Node) { in.Integrators = d.people(v, "integrators") },
	})
	d.require(n, "integration", seen, "branch")
	if in.Branch != "" && in.Branch == in.Target {
		d.add(seen["target"].Line, seen["target"].Column, in.Target, "integration.branch and integration.target are the same branch", "let agents' changes land on a branch of their own")
	}
	return in
}

// oneBranch reads the name of one branch.
func (d *decoder) oneBranch(n *yaml.Node, what string) string {
	b := d.branch(n, what)
	if !b.IsName() {
		d.at(n, "write one branch's name, without *", "%s has to be one branch", what)
	}
	return b.String()
}

// agents reads all agents.
func (d *decoder) agents(n *yaml.Node, r *references) []Agent {
	var agents []Agent
	count := d.named(n, "agents", func(name string, key, value *yaml.Node) {
		if len(agents) >= MaxAgents {
			return
		}
		if name == IntegrationColumn {
			d.at(key, "call it something else", "no agent can have the name %s: it stands for the integration branch in verification", name)
		}
		agents = append(agents, d.agent(name, key, value, r))
	})
	if count > MaxAgents {
		d.at(n, "share an agent between branches with a *", "the contract has %d agents, more than %d", count, MaxAgents)
	}
	return agents
}

// agent reads one agent.
func (d *decoder) agent(name string, key, value *yaml.Node, r *references) Agent {
	a := Agent{Name: name, Line: key.Line}
	what := "agent " + name
	seen := d.fields(value, what, map[string]reader{
		"branch": func(v *yaml.Node) {
			a.Branch = d.branch(v, "branch of "+what)
			r.branches = append(r.branches, reference{node: v, from: name})
		},
		"accounts": func(v *yaml.Node) { a.Accounts = d.accounts(v) },
		"owns":     func(v *yaml.Node) { a.Owns = d.claims(v, "owns") },
		"never":    func(v *yaml.Node) { a.Never = d.claims(v, "never") },
		"after":    func(v *yaml.Node) { a.After = d.words(v, "after", r.after(name)) },
	})
	d.require(value, what, seen, "branch")
	return a
}

// accounts reads logins and ids.
func (d *decoder) accounts(n *yaml.Node) []Account {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.list(n, "accounts", nil)
		return nil
	}
	var accounts []Account
	for _, item := range n.Content {
		acc, ok := d.account(item)
		if !ok {
			continue
		}
		for _, other := range accounts {
			if acc.ID != 0 && acc.ID == other.ID || acc.Login != "" && equalLogins(acc.Login, other.Login) {
				d.at(item, "keep one of them", "the account stands twice in accounts, first in line %d", other.Line)
			}
		}
		accounts = append(accounts, acc)
	}
	return accounts
}

// account reads a login or an id.
func (d *decoder) account(n *yaml.Node) (Account, bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" && n.Style == 0 {
		var id int64
		if _, err := fmt.Sscanf(n.Value, "%d", &id); err != nil || id <= 0 || fmt.Sprint(id) != n.Value {
			d.at(n, "write the account's numeric id", "an account's id has to be a positive whole number")
			return Account{}, false
		}
		return Account{ID: id, Line: n.Line}, true
	}
	s, ok := d.text(n, "an entry of accounts")
	if !ok {
		return Account{}, false
	}
	if !login.MatchString(s) {
		d.at(n, `write a login, such as "search-agent[bot]", or a numeric id`, "an entry of accounts has to be a GitHub account")
		return Account{}, false
	}
	return Account{Login: s, Line: n.Line}, true
}
