package sim

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// filter narrows a trigger. Empty: everything passes.
type filter struct {
	types    []string // actions of a pull request; nil means the three that are usual
	branches []*regexp.Regexp
	ignored  []*regexp.Regexp
}

// usualTypes start workflows that name no types.
var usualTypes = []string{"opened", "synchronize", "reopened"}

// absentEvents can be triggers, and never happen here.
var absentEvents = []string{"schedule", "workflow_call", "release", "fork", "watch", "page_build", "gollum"}

// startsOn says whether the workflow waits for what happened.
func (w workflow) startsOn(t trigger) bool {
	f, waits := w.on[t.event]
	if !waits {
		return false
	}
	switch t.event {
	case eventDispatch:
		return t.action == w.path
	case eventPull:
		types := f.types
		if types == nil {
			types = usualTypes
		}
		if !slices.Contains(types, t.action) {
			return false
		}
	}
	matches := func(p *regexp.Regexp) bool { return p.MatchString(t.branch) }
	return (len(f.branches) == 0 || slices.ContainsFunc(f.branches, matches)) && !slices.ContainsFunc(f.ignored, matches)
}

// triggers reads on: one event, a list of events, or a mapping with filters.
func triggers(n *yaml.Node) (map[string]filter, error) {
	out := map[string]filter{}
	if n.Kind != yaml.MappingNode {
		list, err := names(*n)
		if err != nil || len(list) == 0 {
			return nil, errors.New("on: it needs one event, a list of events, or a mapping")
		}
		for _, event := range list {
			if err := known(event); err != nil {
				return nil, err
			}
			out[event] = filter{}
		}
		return out, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		event := n.Content[i].Value
		if err := known(event); err != nil {
			return nil, err
		}
		f, err := readFilter(event, n.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("on: %s: %w", event, err)
		}
		out[event] = f
	}
	if len(out) == 0 {
		return nil, errors.New("on: it names no event")
	}
	return out, nil
}

// known refuses events that happen here and start nothing.
func known(event string) error {
	if slices.Contains([]string{eventPush, eventPull, eventMergeGroup, eventDispatch}, event) || slices.Contains(absentEvents, event) {
		return nil
	}
	return fmt.Errorf("on: the event %q is not simulated", event)
}

// readFilter reads what an event's mapping narrows it to.
func readFilter(event string, n *yaml.Node) (filter, error) {
	if slices.Contains(absentEvents, event) || event == eventDispatch {
		return filter{}, nil // inputs and the like
	}
	var source struct {
		Branches yaml.Node `yaml:"branches"`
		Ignored  yaml.Node `yaml:"branches-ignore"`
		Types    yaml.Node `yaml:"types"`
	}
	keys := []string{"branches", "branches-ignore"}
	if event != eventPush {
		keys = append(keys, "types")
	}
	if err := read(n, keys, &source); err != nil {
		return filter{}, err
	}
	var f filter
	var failed error
	f.types, failed = names(source.Types)
	f.branches = patterns(source.Branches, &failed)
	f.ignored = patterns(source.Ignored, &failed)
	if failed == nil && f.branches != nil && f.ignored != nil {
		failed = errors.New("branches and branches-ignore exclude each other")
	}
	return f, failed
}

// patterns reads patterns of branches: * within a segment, ** across them. What
// else GitHub's patterns can say is refused.
func patterns(n yaml.Node, failed *error) []*regexp.Regexp {
	list, err := names(n)
	var out []*regexp.Regexp
	for _, text := range list {
		if strings.ContainsAny(text, `!?+[]\`) {
			err = fmt.Errorf("the pattern %q is not simulated", text)
		}
		expr := strings.NewReplacer(`\*\*`, ".*", `\*`, "[^/]*").Replace(regexp.QuoteMeta(text))
		p, invalid := regexp.Compile("^" + expr + "$")
		if invalid != nil {
			err = fmt.Errorf("the pattern %q cannot be read: %w", text, invalid)
			continue
		}
		out = append(out, p)
	}
	if *failed == nil {
		*failed = err
	}
	return out
}

// standing is how what came before ended, for conditions to ask.
type standing struct{ ok, failed, cancelled bool }

// holds evaluates a condition. Of GitHub's expressions only the status checks,
// true and false are simulated; others are an error.
func (s standing) holds(text string) (bool, error) {
	expr := strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(expr, "${{"); ok {
		expr = strings.TrimSpace(strings.TrimSuffix(inner, "}}"))
	}
	switch expr {
	case "", "true", "success()": // a condition that asks for no status asks for success too
		return s.ok, nil
	case "false":
		return false, nil
	case "always()":
		return true, nil
	case "failure()":
		return s.failed, nil
	case "cancelled()":
		return s.cancelled, nil
	case "!cancelled()":
		return !s.cancelled, nil
	}
	return false, fmt.Errorf("if: the condition %q is not simulated", text)
}
