package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/ownership"
)

// ownersAnswer is the JSON form of agentplane owners. Fields are added, never renamed.
type ownersAnswer struct {
	Form     int           `json:"agentplane"` // version of this form
	Contract contractPlace `json:"contract"`
	Unowned  int           `json:"unowned"` // paths without an owner
	Paths    []ownedPath   `json:"paths"`
}

type contractPlace struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// ownedPath is the answer for one path. A path that is not valid UTF-8 is in path_b64, in base64.
type ownedPath struct {
	Path       string        `json:"path,omitempty"`
	PathB64    []byte        `json:"path_b64,omitempty"`
	Owned      bool          `json:"owned"`
	Shared     bool          `json:"shared,omitempty"`
	Owners     []claimAnswer `json:"owners"`
	Never      []claimAnswer `json:"never"`
	Classes    []claimAnswer `json:"classes"`
	Interfaces []claimAnswer `json:"interfaces"`
	Reason     string        `json:"reason,omitempty"` // why it was not judged
}

// claimAnswer is one claim that matches: whose, and where it stands.
type claimAnswer struct {
	Name     string   `json:"name"` // of the agent, class or interface
	Pattern  string   `json:"pattern"`
	Contract string   `json:"contract"` // file:line, or "built in"
	By       []string `json:"by,omitempty"`
	Deny     bool     `json:"deny,omitempty"`
}

// answerOwners asks the contract about each path.
func answerOwners(c *ownership.Contract, paths []string) ownersAnswer {
	answer := ownersAnswer{Form: 1, Contract: contractPlace{File: c.File, SHA256: c.Digest}, Paths: []ownedPath{}}
	ruler := c.Ruler()
	for _, path := range paths {
		p := answerPath(c, ruler.Rule(nil, path))
		if !p.Owned {
			answer.Unowned++
		}
		answer.Paths = append(answer.Paths, p)
	}
	return answer
}

func answerPath(c *ownership.Contract, r ownership.Ruling) ownedPath {
	p := ownedPath{
		Owned: len(r.Owners) > 0, Shared: r.Shared, Reason: r.Reason,
		Owners: []claimAnswer{}, Never: []claimAnswer{}, Classes: []claimAnswer{}, Interfaces: []claimAnswer{},
	}
	if utf8.ValidString(r.Path) {
		p.Path = r.Path
	} else {
		p.PathB64 = []byte(r.Path)
	}
	for _, h := range r.Hits {
		a := claimAnswer{Name: h.Agent, Pattern: h.Claim.Pattern.String(), Contract: c.Place(h.Claim.Line)}
		switch h.Role {
		case ownership.RoleOwns:
			p.Owners = append(p.Owners, a)
		case ownership.RoleNever:
			p.Never = append(p.Never, a)
		case ownership.RoleClass:
			a.Name, a.By, a.Deny = h.Class.Name, h.Class.By, h.Class.Deny
			p.Classes = append(p.Classes, a)
		case ownership.RoleInterface:
			a.Name, a.By = h.Interface.Name, h.Interface.By
			p.Interfaces = append(p.Interfaces, a)
		}
	}
	return p
}

// text is the answer for people.
func (a ownersAnswer) text() string {
	var b strings.Builder
	for _, p := range a.Paths {
		p.write(&b)
	}
	return b.String()
}

func (p ownedPath) write(b *strings.Builder) {
	name := p.Path
	if p.PathB64 != nil {
		name = string(p.PathB64)
	}
	fmt.Fprintf(b, "%s  %s\n", paint(checks.ToneStrong, visible(name)), p.owner())
	line := func(text string, c claimAnswer) {
		where := fmt.Sprintf("  %s %s", visible(c.Contract), visible(c.Pattern))
		fmt.Fprintf(b, "  %s%s\n", visible(text), paint(checks.ToneFaint, where))
	}
	for _, c := range p.Owners {
		line("owned by "+c.Name, c)
	}
	for _, c := range p.Never {
		line("never by "+c.Name, c)
	}
	for _, c := range p.Classes {
		line("class "+c.Name+", "+approvers(c), c)
	}
	for _, c := range p.Interfaces {
		line("interface "+c.Name+", "+approvers(c), c)
	}
}

// owner is the answer in a word or two.
func (p ownedPath) owner() string {
	var names []string
	for _, c := range p.Owners {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	switch {
	case p.Reason != "":
		return paint(checks.ToneBad, "not judged: "+visible(p.Reason))
	case len(names) == 0:
		return paint(checks.ToneWaiting, "no owner")
	case len(names) == 1:
		return paint(checks.ToneGood, names[0])
	case p.Shared:
		return paint(checks.ToneGood, strings.Join(names, " and ")) + ", shared"
	}
	return paint(checks.ToneBad, strings.Join(names, " and ")) + ", and not shared: it fails for all of them"
}

// approvers says who decides about a class or an interface.
func approvers(c claimAnswer) string {
	switch {
	case c.Deny:
		return "denied to everyone"
	case len(c.By) == 0:
		return "approved by a person with write access who is no agent"
	}
	return "approved by " + strings.Join(c.By, " or ")
}
