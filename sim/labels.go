package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// label is a label of a repository.
type label struct {
	id   int64
	name string
}

// happening is an entry of a pull request's list of events.
type happening struct {
	id    int64
	event string
	by    *User
	at    time.Time
	more  fields
}

func labelRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", readThread, (*call).listLabels},
		{"POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", writeThread, (*call).addLabels},
		{"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", writeThread, (*call).removeLabel},
		{"GET", "/repos/{owner}/{repo}/issues/{issue_number}/events", readThread, (*call).listHappenings},
	}
}

// Label puts labels on the pull request. Those that the repository does not
// have are made.
func (p *Pull) Label(by *User, names ...string) {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	p.label(by, names)
}

func (p *Pull) label(by *User, names []string) {
	for _, name := range names {
		l := p.repo.label(name)
		if slices.Contains(p.labels, l) {
			continue
		}
		p.keep()
		p.labels = append(slices.Clip(p.labels), l)
		p.labelChanged("labeled", by, l)
	}
}

// Unlabel takes a label off the pull request.
func (p *Pull) Unlabel(by *User, name string) error {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	if !p.unlabel(by, name) {
		return fmt.Errorf("take the label %s off %s#%d: it is not there", name, p.repo.fullName(), p.Number)
	}
	return nil
}

func (p *Pull) unlabel(by *User, name string) bool {
	i := slices.IndexFunc(p.labels, func(l *label) bool { return strings.EqualFold(l.name, name) })
	if i < 0 {
		return false
	}
	p.keep()
	l := p.labels[i]
	p.labels = slices.Delete(slices.Clone(p.labels), i, i+1)
	p.labelChanged("unlabeled", by, l)
	return true
}

func (p *Pull) labelChanged(action string, by *User, l *label) {
	p.happened(action, by, fields{"label": fields{"name": l.name, "color": labelColor}})
	p.send(action, by, fields{"label": p.repo.renderLabel(l)})
	p.log(by, action+" it "+quoted(l.name))
}

// label finds a label, whatever its case, or makes it.
func (r *Repo) label(name string) *label {
	for _, l := range r.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	l := &label{id: r.g.nextID("label"), name: name}
	r.labels = append(r.labels, l)
	return l
}

// labelColor is what GitHub gives to labels that nobody gave a color.
const labelColor = "ededed"

func (r *Repo) renderLabel(l *label) any {
	return fields{"id": l.id, "node_id": nodeID("Label", l.id), "url": r.apiURL() + "/labels/" + url.PathEscape(l.name),
		"name": l.name, "color": labelColor, "default": false, "description": nil}
}

func (p *Pull) renderLabels() []any { return renderAll(p.labels, p.repo.renderLabel) }

// numbered is the pull request that the path numbers. Plain issues have no
// labels and events here.
func (c *call) numbered() *Pull { return c.repo.pull(int(c.number("issue_number"))) }

func (c *call) listLabels() *reply {
	p := c.numbered()
	if p != nil {
		p = c.seen(p)
	}
	if p == nil {
		return notFound()
	}
	return listOf(c, p.labels, c.repo.renderLabel)
}

// labelNames reads the three forms of the body: a list, an object with one,
// and in either names or objects with a name.
func (c *call) labelNames() ([]string, *reply) {
	var raw json.RawMessage
	if refusal := c.decode(&raw); refusal != nil {
		return nil, refusal
	}
	var object struct {
		Labels []json.RawMessage `json:"labels"`
	}
	if json.Unmarshal(raw, &object.Labels) != nil && json.Unmarshal(raw, &object) != nil {
		return nil, invalid("For 'anyOf/0', a list of labels is wanted.")
	}
	var names []string
	for _, item := range object.Labels {
		var name string
		var named struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(item, &name) != nil {
			if json.Unmarshal(item, &named) != nil {
				return nil, invalid("For 'labels/items', a name is wanted.")
			}
			name = named.Name
		}
		if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > 50 {
			return nil, validationFailed("Label", "name", "invalid", "")
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, invalid(`"labels" wasn't supplied.`)
	}
	return names, nil
}

func (c *call) addLabels() *reply {
	p := c.numbered()
	if p == nil {
		return notFound()
	}
	names, refusal := c.labelNames()
	if refusal == nil {
		refusal = c.needTriage()
	}
	if refusal != nil {
		return refusal
	}
	p.label(c.actor(), names)
	return ok(p.renderLabels())
}

func (c *call) removeLabel() *reply {
	p := c.numbered()
	if p == nil {
		return notFound()
	}
	if refusal := c.needTriage(); refusal != nil {
		return refusal
	}
	if !p.unlabel(c.actor(), c.params["name"]) {
		return fail(http.StatusNotFound, "Label does not exist")
	}
	return ok(p.renderLabels())
}

// happened notes an event for the list of them.
func (p *Pull) happened(event string, by *User, more fields) {
	p.happenings = append(slices.Clip(p.happenings), happening{p.repo.g.nextID("issue event"), event, by, p.repo.g.now(), more})
}

func (c *call) listHappenings() *reply {
	p := c.numbered()
	if p != nil {
		p = c.seen(p)
	}
	if p == nil {
		return notFound()
	}
	return listOf(c, p.happenings, func(h happening) any {
		out := fields{"id": h.id, "node_id": nodeID("IssueEvent", h.id), "url": c.repo.apiURL() + "/issues/events/" + itoa(h.id),
			"actor": c.g.renderUser(h.by), "event": h.event, "commit_id": nil, "commit_url": nil, "created_at": stamp(h.at),
			"performed_via_github_app": nil}
		if h.by != nil && h.by.app != nil {
			out["performed_via_github_app"] = c.g.renderApp(h.by.app)
		}
		maps.Copy(out, h.more)
		return out
	})
}
