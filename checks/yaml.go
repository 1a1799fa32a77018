package checks

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// yamlDepth is how deep YAML that others wrote may nest.
const yamlDepth = 24

// plainYAML reads text as one YAML document of at most most bytes that consists of mappings with distinct keys, lists
// and values. Whatever two readers could take for different things is refused: anchors, aliases, tags, merge keys,
// keys that stand twice, further documents. why is "" or says, as prose
// that follows "it", what stands in the way.
func plainYAML(text string, most int) (root *yaml.Node, why string) {
	if len(text) > most {
		return nil, fmt.Sprintf("has %d bytes; %d are read", len(text), most)
	}
	if n := secondDocument(text); n > 0 {
		return nil, fmt.Sprintf("has a second document in line %d", n)
	}
	var document yaml.Node
	limits := loaderlimits.New(loaderlimits.DepthValue(2 * yamlDepth))
	if err := yaml.Load([]byte(text), &document, yaml.WithPlugin(limits)); err != nil {
		return nil, "is not YAML that can be read: " + code(err.Error())
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		return nil, "is empty"
	}
	root = document.Content[0]
	if n, what := notPlain(root, 1); n != nil {
		return nil, fmt.Sprintf("has %s in line %d", what, n.Line)
	}
	return root, ""
}

// secondDocument returns the number of the line that starts a second document, or 0.
func secondDocument(text string) int {
	content, number := false, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "" || strings.HasPrefix(strings.TrimLeft(line, " \t"), "#"):
		case line == "..." || content && (line == "---" || strings.HasPrefix(line, "--- ")):
			return number
		default:
			content = true
		}
	}
	return 0
}

// notPlain returns a node that is no plain mapping, list or value, and what it is.
func notPlain(n *yaml.Node, depth int) (*yaml.Node, string) {
	switch {
	case depth > yamlDepth:
		return n, "too many levels"
	case n.Kind == yaml.AliasNode:
		return n, "an alias"
	case n.Anchor != "":
		return n, "an anchor"
	case n.Style&yaml.TaggedStyle != 0 || strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return n, "a tag"
	case n.Kind == yaml.MappingNode:
		keys := make(map[string]bool, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			switch {
			case key.Kind != yaml.ScalarNode:
				return key, "a key that is no text"
			case key.Value == "<<" && key.Style == 0:
				return key, "a merge key"
			case keys[key.Value]:
				return key, "a key that stands twice"
			}
			keys[key.Value] = true
		}
	}
	for _, child := range n.Content {
		if bad, what := notPlain(child, depth+1); bad != nil {
			return bad, what
		}
	}
	return nil, ""
}

// valueOf returns the value of a key of a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// textOf returns a scalar's text; a missing or null one has none. ok is false for a mapping or a list.
func textOf(n *yaml.Node) (text string, ok bool) {
	switch {
	case n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return "", true
	case n.Kind == yaml.ScalarNode:
		return n.Value, true
	}
	return "", false
}
