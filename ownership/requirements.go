package ownership

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// requirements reads the matrix's rows.
func (d *decoder) requirements(n *yaml.Node, r *references) []Requirement {
	var all []Requirement
	d.named(n, "verification", func(name string, key, value *yaml.Node) {
		all = append(all, d.requirement(Requirement{Name: name, Line: key.Line}, value, r))
	})
	return all
}

// requirement reads one row.
func (d *decoder) requirement(q Requirement, n *yaml.Node, r *references) Requirement {
	what := "requirement " + q.Name
	seen := d.fields(n, what, map[string]reader{
		"run":      func(v *yaml.Node) { q.Run, _ = d.text(v, "run of "+what) },
		"expect":   func(v *yaml.Node) { q.Expect = d.line(v, "expect of "+what) },
		"sections": func(v *yaml.Node) { q.Sections = d.words(v, "sections", func(*yaml.Node, string) {}) },
		"evidence": func(v *yaml.Node) { q.Evidence = d.evidence(v, what) },
		"for":      func(v *yaml.Node) { q.For = d.words(v, "for", r.column) },
		"harness":  func(v *yaml.Node) { q.Harness = d.claims(v, "harness of "+what) },
	})
	kinds := 0
	for _, k := range []string{"run", "expect", "sections"} {
		if seen[k] != nil {
			kinds++
		}
	}
	workflow := q.Evidence.Workflow != ""
	switch {
	case n.Kind != yaml.MappingNode:
	case kinds > 1:
		d.add(n.Line, n.Column, "", what+" has more than one of run, expect and sections", "make a requirement of each")
	case kinds == 0 && seen["evidence"] == nil:
		d.add(n.Line, n.Column, "", what+" asks for nothing", "add run, expect, sections, or evidence of a check run or a status")
	case seen["evidence"] != nil && seen["run"] == nil && (kinds > 0 || workflow):
		d.at(seen["evidence"], "add run: the step is found by its command", "evidence of a workflow belongs to a command, and no evidence to expect or sections")
	case seen["harness"] != nil && seen["evidence"] == nil:
		d.at(seen["harness"], "add evidence, or remove harness", "harness says what decides the evidence, and %s has none", what)
	}
	return q
}

// evidence reads where CI reports a requirement.
func (d *decoder) evidence(n *yaml.Node, what string) Evidence {
	e := Evidence{Line: n.Line}
	what = "evidence of " + what
	seen := d.fields(n, what, map[string]reader{
		"workflow": func(v *yaml.Node) {
			e.Workflow = d.line(v, "workflow")
			if e.Workflow != "" && !flow.MatchString(e.Workflow) {
				d.at(v, "write its path, such as .github/workflows/ci.yml", "workflow has to be a workflow file of this repository")
			}
		},
		"job":       func(v *yaml.Node) { e.Job = d.line(v, "job") },
		"event":     func(v *yaml.Node) { e.Events = d.events(v) },
		"directory": func(v *yaml.Node) { e.Directory = d.directory(v) },
		"check":     func(v *yaml.Node) { e.Check = d.line(v, "check") },
		"app":       func(v *yaml.Node) { e.App, e.AppID = d.app(v) },
		"status":    func(v *yaml.Node) { e.Status = d.line(v, "status") },
		"creator":   func(v *yaml.Node) { e.Creator, e.CreatorID = d.creator(v) },
	})
	if n.Kind == yaml.MappingNode {
		d.evidenceForm(n, what, seen)
	}
	return e
}

// The keys of the three forms of evidence. The first two of a form are needed.
var (
	jobKeys    = []string{"workflow", "job", "event", "directory"}
	checkKeys  = []string{"check", "app"}
	statusKeys = []string{"status", "creator"}
)

// evidenceForm notes evidence that mixes forms, and keys that its form lacks.
func (d *decoder) evidenceForm(n *yaml.Node, what string, seen map[string]*yaml.Node) {
	var forms [][]string
	var named []string
	for _, form := range [][]string{jobKeys, checkKeys, statusKeys} {
		if used(seen, form) {
			forms = append(forms, form)
			named = append(named, map[string]string{"workflow": "a job", "check": "a check run", "status": "a status"}[form[0]])
		}
	}
	if len(forms) > 1 {
		d.add(n.Line, n.Column, "", what+" names both "+strings.Join(named, " and "), "keep workflow and job, check and app, or status and creator")
		return
	}
	form := jobKeys
	if len(forms) == 1 {
		form = forms[0]
	}
	d.require(n, what, seen, form[:2]...)
}

// used tells whether any key of a form is there.
func used(seen map[string]*yaml.Node, form []string) bool {
	for _, key := range form {
		if seen[key] != nil {
			return true
		}
	}
	return false
}

// events reads one event or a list of them.
func (d *decoder) events(n *yaml.Node) []string {
	known := []string{EventPush, EventPullRequest, EventMergeGroup}
	if n.Kind == yaml.ScalarNode {
		return []string{d.choice(n, "event", known...)}
	}
	return d.words(n, "event", func(item *yaml.Node, _ string) { d.choice(item, "an entry of event", known...) })
}

// directory reads a step's working directory: relative, within the repository,
// and written in one way.
func (d *decoder) directory(n *yaml.Node) string {
	s := d.line(n, "directory")
	if s != "" && !isDirectory(s) {
		d.at(n, "write it from the root of the repository, such as web or packages/site", "directory has to be a directory of this repository")
	}
	return s
}

// isDirectory tells whether a text names a directory below the root, in its
// only spelling.
func isDirectory(s string) bool {
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return !strings.Contains(s, "\\")
}

// app reads an App's slug or its id.
func (d *decoder) app(n *yaml.Node) (string, int64) {
	if id, is := d.id(n, "app"); is {
		return "", id
	}
	s := d.line(n, "app")
	if s != "" && !slug.MatchString(s) {
		d.at(n, "write the App's slug, such as github-actions, or its numeric id", "app has to be the slug of a GitHub App")
	}
	return s, 0
}

// creator reads the login or the id of the account that sets a status.
func (d *decoder) creator(n *yaml.Node) (string, int64) {
	if id, is := d.id(n, "creator"); is {
		return "", id
	}
	s := d.line(n, "creator")
	if s != "" && !login.MatchString(s) {
		d.at(n, `write a login, such as "ci[bot]", or a numeric id`, "creator has to be a GitHub account")
	}
	return s, 0
}

// id reads a numeric id, and tells whether the node is a number.
func (d *decoder) id(n *yaml.Node, what string) (int64, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Style != 0 {
		return 0, false
	}
	var id int64
	if _, err := fmt.Sscanf(n.Value, "%d", &id); err != nil || id <= 0 || fmt.Sprint(id) != n.Value {
		d.at(n, "write the numeric id", "the id of %s has to be a positive whole number", what)
		return 0, true
	}
	return id, true
}
