package ownership

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A decoder reads the nodes of a contract. It goes on after every problem, and
// what it returns then is not used.
type decoder struct {
	*problems
	patterns int
}

// at notes a problem at a node.
func (d *decoder) at(n *yaml.Node, fix, format string, args ...any) {
	text := n.Value
	switch n.Kind {
	case yaml.MappingNode:
		text = "a mapping"
	case yaml.SequenceNode:
		text = "a list"
	}
	if n.Kind != yaml.AliasNode { // checkTree has reported it
		d.add(n.Line, n.Column, text, fmt.Sprintf(format, args...), fix)
	}
}

// pairs calls back for each key and value of a mapping with distinct keys, and
// tells whether the node is a mapping.
func (d *decoder) pairs(n *yaml.Node, what string, each func(key, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		d.at(n, `write "key: value" lines`, "%s has to be a mapping", what)
		return false
	}
	if len(n.Content) == 0 {
		d.at(n, "remove the key, or fill it", "%s is empty", what)
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.at(key, "write a name", "a key of %s has to be a text", what)
			continue
		}
		if key.Value == "<<" && key.Style == 0 {
			continue // checkTree has reported it
		}
		if first, twice := lines[key.Value]; twice {
			d.at(key, "keep one of them", "the key stands twice in %s, first in line %d", what, first)
			continue
		}
		lines[key.Value] = key.Line
		each(key, value)
	}
	return true
}

// A reader reads the value of a key.
type reader func(value *yaml.Node)

// fields reads a mapping whose keys are known. It returns the keys that are
// there, by name.
func (d *decoder) fields(n *yaml.Node, what string, readers map[string]reader) map[string]*yaml.Node {
	seen := map[string]*yaml.Node{}
	d.pairs(n, what, func(key, value *yaml.Node) {
		read, known := readers[key.Value]
		if !known {
			d.unknown(key, "unknown key in "+what, slices.Sorted(maps.Keys(readers)))
			return
		}
		seen[key.Value] = key
		read(value)
	})
	return seen
}

// unknown notes a word that is none of those that are known.
func (d *decoder) unknown(n *yaml.Node, msg string, known []string) {
	if d.full() {
		d.extra++
		return
	}
	fix := "use " + oneOf(known)
	if near := nearest(n.Value, known); near != "" {
		fix = fmt.Sprintf("did you mean %s?", near)
	} else if len(known) > 12 {
		fix = "use one that exists"
	}
	d.at(n, fix, "%s", msg)
}

// require notes keys that are missing from a mapping.
func (d *decoder) require(n *yaml.Node, what string, seen map[string]*yaml.Node, keys ...string) {
	for _, k := range keys {
		if seen[k] == nil && n.Kind == yaml.MappingNode {
			d.add(n.Line, n.Column, "", fmt.Sprintf("%s needs the key %s", what, k), "add it")
		}
	}
}

// named reads a mapping from names to values. It returns the number of names.
func (d *decoder) named(n *yaml.Node, what string, each func(name string, key, value *yaml.Node)) int {
	count := 0
	d.pairs(n, what, func(key, value *yaml.Node) {
		count++
		if name, ok := d.text(key, "a name in "+what); ok && !isName(name) {
			d.at(key, "write it like "+suggestName(name), "a name in %s has up to %d lower-case letters, digits, - and _, and starts with a letter", what, maxName)
		}
		each(key.Value, key, value)
	})
	return count
}

// text reads a text. A value that other YAML readers take for a number, a
// truth value, a date or nothing needs quotes.
func (d *decoder) text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.at(n, "write one value", "%s has to be a text", what)
	case n.Style == 0 && (n.Tag == "!!null" || n.Value == ""):
		d.at(n, "write a value, or remove the key", "%s is empty", what)
	case n.Style == 0 && (n.Tag != "!!str" || isSwitch(n.Value)):
		d.at(n, fmt.Sprintf("put quotes around it: %q", n.Value), "%s has to be a text, and YAML readers take this for something else", what)
	case strings.TrimSpace(n.Value) == "":
		d.at(n, "write a value, or remove the key", "%s is empty", what)
	case len(n.Value) > maxValue:
		d.at(n, "shorten it", "%s has %d bytes, more than %d", what, len(n.Value), maxValue)
	default:
		return n.Value, true
	}
	return "", false
}

// maxValue is the longest text of any key, in bytes.
const maxValue = 2000

// isSwitch tells whether YAML 1.1 reads a plain text as a truth value.
func isSwitch(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "no", "on", "off", "true", "false":
		return true
	}
	return false
}

// line reads a text of one line.
func (d *decoder) line(n *yaml.Node, what string) string {
	s, ok := d.text(n, what)
	if ok && strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		d.at(n, "write one line", "%s has to be one line", what)
	}
	return s
}

// integer reads a number within bounds.
func (d *decoder) integer(n *yaml.Node, what string, least, most int) int {
	value, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || strconv.Itoa(value) != n.Value:
		d.at(n, fmt.Sprintf("write a number from %d to %d", least, most), "%s has to be a whole number", what)
	case value < least || value > most:
		d.at(n, fmt.Sprintf("write a number from %d to %d", least, most), "%s is out of range", what)
	default:
		return value
	}
	return least
}

// choice reads one of several words.
func (d *decoder) choice(n *yaml.Node, what string, words ...string) string {
	s, ok := d.text(n, what)
	if ok && !slices.Contains(words, s) {
		d.unknown(n, what+" has to be "+oneOf(words), words)
	}
	return s
}

// list calls back for each text of a list without repetitions.
func (d *decoder) list(n *yaml.Node, what string, each func(item *yaml.Node, text string)) {
	if n.Kind != yaml.SequenceNode {
		fix := "write a list"
		if n.Kind == yaml.ScalarNode && n.Value != "" {
			fix = "write [" + shorten(n.Value) + "]"
		}
		d.at(n, fix, "%s has to be a list", what)
		return
	}
	if len(n.Content) == 0 {
		d.at(n, "remove the key, or fill it", "%s is empty", what)
	}
	lines := map[string]int{}
	for _, item := range n.Content {
		s, ok := d.text(item, "an entry of "+what)
		if !ok {
			continue
		}
		if first, twice := lines[s]; twice {
			d.at(item, "keep one of them", "the entry stands twice in %s, first in line %d", what, first)
			continue
		}
		lines[s] = item.Line
		each(item, s)
	}
}

// claims reads a list of patterns.
func (d *decoder) claims(n *yaml.Node, what string) []Claim {
	var claims []Claim
	d.list(n, what, func(item *yaml.Node, s string) {
		if d.patterns++; d.patterns > MaxPatterns {
			if d.patterns == MaxPatterns+1 {
				d.at(item, "name directories instead of files", "the contract has more than %d patterns", MaxPatterns)
			}
			return
		}
		p, err := CompilePattern(s)
		if err != nil {
			d.pattern(item, err)
		}
		claims = append(claims, Claim{Pattern: p, Line: item.Line})
	})
	return claims
}

// pattern notes a pattern's problem at its node.
func (d *decoder) pattern(n *yaml.Node, err error) {
	var bad *SyntaxError
	if errors.As(err, &bad) {
		d.at(n, bad.Fix, "%s", bad.Msg)
	}
}

// branch reads a branch, or a pattern of branches.
func (d *decoder) branch(n *yaml.Node, what string) BranchPattern {
	s, ok := d.text(n, what)
	if !ok {
		return BranchPattern{}
	}
	b, err := CompileBranch(s)
	if err != nil {
		d.pattern(n, err)
	}
	return b
}

// words reads a list of texts of one line.
func (d *decoder) words(n *yaml.Node, what string, check func(item *yaml.Node, s string)) []string {
	var words []string
	d.list(n, what, func(item *yaml.Node, s string) {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			d.at(item, "write one line", "an entry of %s has to be one line", what)
		}
		check(item, s)
		words = append(words, s)
	})
	return words
}

// people reads a list of those who may approve.
func (d *decoder) people(n *yaml.Node, what string) []string {
	return d.words(n, what, func(item *yaml.Node, s string) {
		if !person.MatchString(s) {
			d.at(item, `write "@login" or "@org/team"`, "an entry of %s has to be a person or a team", what)
		}
	})
}
