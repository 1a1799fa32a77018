package git

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ctags is a program that was found, or why none can be used.
type ctags struct {
	x        *runner
	program  string
	unusable string
}

// findCtags looks for Universal Ctags with JSON, reading from a pipe, and a
// sandbox. There are other programs of its name.
func (x *runner) findCtags(ctx context.Context) *ctags {
	for _, name := range []string{"ctags-universal", "universal-ctags", "ctags"} {
		program, err := exec.LookPath(name)
		if err == nil {
			program, err = filepath.Abs(program)
		}
		if err == nil {
			return x.probeCtags(ctx, program)
		}
	}
	return &ctags{unusable: "Universal Ctags is not installed on this machine; install the package universal-ctags"}
}

func (x *runner) probeCtags(ctx context.Context, program string) *ctags {
	out, err := x.run(ctx, command{program: program, args: []string{"--options=NONE", "--list-features"}, brief: true})
	for _, feature := range []string{"json", "interactive", "sandbox"} {
		if err != nil || !bytes.Contains(out, []byte("\n"+feature+" ")) {
			return &ctags{unusable: fmt.Sprintf("%s is not Universal Ctags with the features json, interactive and sandbox; install the package universal-ctags", program)}
		}
	}
	return &ctags{x: x, program: program}
}

const (
	typescript = "ts"
	javascript = "js"
	astro      = "astro"
)

// languages are the extensions that are looked into, and the one that ctags is
// told. It knows more, of which the parsers were not looked at.
var languages = map[string]string{
	".ts": typescript, ".tsx": typescript, ".mts": typescript, ".cts": typescript, ".astro": astro,
	".js": javascript, ".jsx": javascript, ".mjs": javascript, ".cjs": javascript,
	".go": "go", ".py": "py", ".pyi": "py", ".rs": "rs", ".java": "java", ".kt": "kt", ".rb": "rb", ".php": "php",
	".c": "c", ".h": "h", ".cc": "cc", ".cpp": "cpp", ".hpp": "hpp", ".cs": "cs", ".lua": "lua", ".ex": "ex", ".exs": "exs",
	".sh": "sh", ".sql": "sql", ".proto": "proto", ".css": "css", ".scss": "scss", ".json": "json", ".yml": "yml", ".yaml": "yml",
}

// languageOf returns the extension for ctags, "" for what is not looked into.
func languageOf(name string) string { return languages[strings.ToLower(path.Ext(name))] }

// keyPattern finds keys of object literals, which the parsers of TypeScript and
// JavaScript leave out where an object is an argument. It starts at a brace, a
// comma or a new line.
const keyPattern = "/[{,\n][[:space:]]*[\"']?([A-Za-z_$][A-Za-z0-9_$]*)[\"']?\\??[[:space:]]*:/\\1/k/{mgroup=1}"

// key is the kind of what keyPattern finds.
const key = "key"

func ctagsArgs() []string {
	args := []string{"--quiet", "--options=NONE"} // in this order, or its notice counts as a warning
	for _, language := range []string{"TypeScript", "JavaScript"} {
		args = append(args, "--kinddef-"+language+"=k,"+key+",keys of object literals", "--mline-regex-"+language+"="+keyPattern)
	}
	return append(args, "--fields=+KSnzs-P", "--sort=no", "--_interactive=sandbox")
}

// read hands ctags one file under a name of ours.
func (t *ctags) read(ctx context.Context, language string, text []byte) ([]Definition, error) {
	ask := fmt.Appendf(nil, `{"command":"generate-tags","filename":"f.%s","size":%d}`+"\n", language, len(text))
	out, err := t.x.run(ctx, command{program: t.program, args: ctagsArgs(), stdin: append(ask, text...), brief: true, silent: true})
	if err != nil {
		return nil, err
	}
	found, err := parseTags(out)
	if err != nil {
		return nil, err
	}
	return describe(found, text), nil
}

// tag is one line that ctags prints.
type tag struct {
	Type      string `json:"_type"`
	Name      string `json:"name"`
	Line      int    `json:"line"`
	Kind      string `json:"kind"`
	Scope     string `json:"scope"`
	Signature string `json:"signature"`
	TypeRef   string `json:"typeref"`
	Command   string `json:"command"`
	Message   string `json:"message"`
}

var errTooMany = errors.New("too many definitions")

// parseTags reads what ctags prints for one file: who it is, its tags, and that
// it is done. Anything else is an error: a part of the tags is not all of them.
func parseTags(out []byte) ([]Definition, error) {
	var found []Definition
	done := false
	for line := range bytes.Lines(out) {
		var t tag
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, fmt.Errorf("the line %.160q of ctags cannot be read: %w", line, err)
		}
		switch {
		case done:
			return nil, fmt.Errorf("ctags goes on with %.160q after its end", line)
		case t.Type == "program":
		case t.Type == "completed" && t.Command == "generate-tags":
			done = true
		case t.Type == "tag" && t.Name != "" && t.Kind != "" && t.Line > 0:
			if len(found) >= maxDefinition {
				return nil, errTooMany
			}
			found = append(found, t.definition())
		default:
			return nil, fmt.Errorf("ctags says %.160q", cmp.Or(t.Message, string(line)))
		}
	}
	if !done {
		return nil, errors.New("ctags ended in the middle")
	}
	return found, nil
}

func (t tag) definition() Definition {
	_, kind, ok := strings.Cut(t.TypeRef, ":") // "typename:string"
	if !ok {
		kind = t.TypeRef
	}
	return Definition{
		Name: t.Name, Kind: t.Kind, Scope: t.Scope, Line: t.Line,
		Signature: strings.TrimSpace(t.Signature + " " + kind),
	}
}

// spot is where a name stands.
type spot struct {
	name string
	line int
}

// describe adds each definition's line, and drops keys that are something else:
// what a parser saw too, labels of a switch, comments and parameters.
func describe(found []Definition, text []byte) []Definition {
	parsed, seen := parsedSpots(found), map[Definition]bool{}
	lines := strings.Split(string(text), "\n")
	kept := []Definition{}
	for _, d := range found {
		if d.Line > len(lines) || seen[d] {
			continue
		}
		seen[d] = true
		line := lines[d.Line-1]
		if d.Kind == key && (parsed[spot{d.Name, d.Line}] || !isKey(line, d.Name)) {
			continue
		}
		d.Text = around([]byte(strings.TrimSpace(line)), 0, 0)
		kept = append(kept, d)
	}
	slices.SortStableFunc(kept, func(a, b Definition) int { return cmp.Compare(a.Line, b.Line) })
	return kept
}

func parsedSpots(found []Definition) map[spot]bool {
	parsed := map[spot]bool{}
	for _, d := range found {
		if d.Kind != key {
			parsed[spot{d.Name, d.Line}] = true
		}
	}
	return parsed
}

// isKey reports whether name can be a key on this line: not in a comment, and
// not in parentheses that have no brace of their own.
func isKey(line, name string) bool {
	before, _, _ := strings.Cut(line, name)
	start := strings.TrimSpace(line)
	if name == "default" || strings.Contains(before, "//") || strings.HasPrefix(start, "*") || strings.HasPrefix(start, "/*") {
		return false
	}
	return innermost(before) != '('
}

// innermost is the last bracket of s that is still open, 0 for none.
func innermost(s string) byte {
	var open []byte
	for i := range len(s) {
		switch c := s[i]; c {
		case '(', '{', '[':
			open = append(open, c)
		case ')', '}', ']':
			open = open[:max(len(open)-1, 0)]
		}
	}
	if len(open) == 0 {
		return 0
	}
	return open[len(open)-1]
}

// frontmatter keeps the lines between the first two --- lines of an Astro file
// and empties the others, so that lines keep their numbers.
func frontmatter(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	inside, fences := false, 0
	for i, line := range lines {
		if fences < 2 && strings.TrimSpace(line) == "---" {
			fences++
			inside = fences == 1
			lines[i] = ""
		} else if !inside {
			lines[i] = ""
		}
	}
	return []byte(strings.Join(lines, "\n"))
}
