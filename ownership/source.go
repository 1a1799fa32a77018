package ownership

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxEntries bounds lines and entries of a contract before it is parsed. The
// largest contract that the other limits allow has half as many.
const maxEntries = 16_384

// document reads the source as one YAML document of the strict kind that a
// contract is. It returns nil when the text is not one; the problems say why.
func document(src []byte, p *problems) *yaml.Node {
	if !checkEncoding(src, p) {
		return nil
	}
	text := string(src)
	if !checkLines(text, p) {
		return nil
	}
	if entries := strings.Count(text, "\n") + strings.Count(text, ",") + strings.Count(text, ": "); entries > maxEntries {
		p.add(1, 1, "", fmt.Sprintf("the contract has %d lines and entries, more than %d", entries, maxEntries), "name directories instead of files")
		return nil
	}
	var root yaml.Node
	limits := loaderlimits.New(loaderlimits.DepthValue(2 * MaxDepth))
	err := yaml.Load([]byte(strings.ReplaceAll(text, "\r", " ")), &root, yaml.WithPlugin(limits), yaml.WithPlugin(aliases{}))
	if err != nil {
		addYAML(err, text, p)
		return nil
	}
	top := &root
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		top = root.Content[0]
	}
	checkTree(top, 1, p)
	return top
}

// checkEncoding refuses what is not UTF-8 text of a sane size.
func checkEncoding(src []byte, p *problems) bool {
	utf16 := bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff})
	switch {
	case len(src) > MaxSize:
		p.add(1, 1, "", fmt.Sprintf("the contract has %d bytes, more than %d", len(src), MaxSize), "name directories instead of files")
	case utf16 || len(src) > 3 && (src[0] == 0) != (src[1] == 0) && (src[2] == 0) != (src[3] == 0):
		p.add(1, 1, "", "the contract is UTF-16", "save it as UTF-8")
	case bytes.HasPrefix(src, []byte("\ufeff")):
		p.add(1, 1, "", "the contract starts with a byte order mark", "save it as UTF-8 without one")
	default:
		return true
	}
	return false
}

// checkLines refuses characters and lines that YAML readers disagree about. It
// returns false where the rest cannot be read sensibly.
func checkLines(text string, p *problems) bool {
	readable, content, number := true, false, 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if c := strings.TrimSuffix(line, "\r"); c != line {
			p.add(number, utf8.RuneCountInString(line), c, "the line ends with a carriage return", "save the file with Unix line ends")
			line = c
		}
		readable = checkCharacters(line, number, p) && readable
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 && len(indent) < len(line) {
			p.add(number, tab+1, line, "the indentation contains a tab", "indent with spaces")
			readable = false
		}
		switch marker := strings.TrimRight(line, " \t"); {
		case line == "" || marker == "" || strings.HasPrefix(strings.TrimLeft(line, " \t"), "#"):
			continue
		case line[0] == '%':
			p.add(number, 1, line, "YAML directives are not allowed", "remove the line")
			readable = false
		case marker == "..." || content && (marker == "---" || strings.HasPrefix(line, "--- ")):
			p.add(number, 1, line, "a second document starts here", "keep one document in the file")
			readable = false
		}
		content = true
	}
	if !content && readable {
		p.add(1, 1, "", "the contract is empty", `start with "version: 1" and agents`)
	}
	return readable && content
}

// checkCharacters refuses what is not valid UTF-8 and what cannot be seen.
func checkCharacters(line string, number int, p *problems) bool {
	if isPlain(line) {
		return true
	}
	ok, col := true, 0
	for i, r := range line {
		col++
		_, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			p.add(number, col, line, fmt.Sprintf("the byte 0x%02X is not UTF-8", line[i]), "save the file as UTF-8")
		case unicode.IsControl(r) && r != '\t' || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cf, r):
			p.add(number, col, line, fmt.Sprintf("the line contains the control or invisible character U+%04X", r), "remove it")
		default:
			continue
		}
		ok = false
	}
	return ok
}

// isPlain tells whether a line has only printable ASCII and tabs.
func isPlain(line string) bool {
	for i := 0; i < len(line); i++ {
		if c := line[i]; (c < ' ' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}

// addYAML turns the YAML reader's error into a problem.
func addYAML(err error, text string, p *problems) {
	line, col, msg, fix := 1, 1, err.Error(), "see the place for an indentation, a quote or a bracket that does not fit"
	var load *yaml.LoadError
	if errors.As(err, &load) {
		line, col, msg = max(1, load.Mark.Line), max(1, load.Mark.Column), load.Message
		if load.ContextMsg != "" {
			msg = load.ContextMsg + ": " + msg
		}
	}
	shown := ""
	if lines := strings.Split(text, "\n"); line <= len(lines) {
		shown = strings.TrimSpace(lines[line-1])
	}
	switch {
	case strings.Contains(msg, "max depth"):
		msg, fix = fmt.Sprintf("the contract nests deeper than %d levels", MaxDepth), "see docs/contract.md for what goes where"
	case strings.Contains(msg, "cannot start any token") || strings.Contains(msg, "alias"):
		fix = "put quotes around values that start with @, *, ` or %"
	}
	p.add(line, col, shown, "this is not YAML: "+msg, fix)
}

// aliases lets the YAML reader go on after an alias, known or not, so that all
// of them are reported: most are patterns that lack their quotes.
type aliases struct{}

// NewAliasDataContext begins a stream.
func (aliases) NewAliasDataContext(yaml.AliasDataServices) (yaml.AliasDataContext, error) {
	return aliases{}, nil
}

// BeginDocument does nothing.
func (aliases) BeginDocument() error { return nil }

// EndDocument does nothing.
func (aliases) EndDocument() error { return nil }

// DefineAnchor does nothing: checkTree finds the anchor at its node.
func (aliases) DefineAnchor(string, *yaml.Node) error { return nil }

// ResolveAlias finds an empty text for every name, so nothing can expand.
func (aliases) ResolveAlias(string) (*yaml.Node, bool, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}, true, nil
}

// checkTree refuses everything of YAML that is not plain mappings, lists and
// values.
func checkTree(n *yaml.Node, depth int, p *problems) {
	if depth > MaxDepth {
		p.add(n.Line, n.Column, n.Value, fmt.Sprintf("the contract nests deeper than %d levels", MaxDepth), "see docs/contract.md for what goes where")
		return
	}
	if n.Anchor != "" {
		p.add(n.Line, n.Column, "&"+n.Anchor, "anchors are not allowed", "write the value out, or put it in quotes if it starts with &")
	}
	if n.Kind == yaml.AliasNode {
		p.add(n.Line, n.Column, "*"+n.Value, "aliases are not allowed", fmt.Sprintf(`put quotes around it: "*%s"`, n.Value))
		return
	}
	if n.Style&yaml.TaggedStyle != 0 || strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		p.add(n.Line, n.Column, n.Tag, "tags are not allowed", "remove it, or put quotes around a value that starts with !")
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode && child.Value == "<<" && child.Style == 0 {
			p.add(child.Line, child.Column, "<<", "merge keys are not allowed", "write the keys out")
		}
		checkTree(child, depth+1, p)
	}
}
