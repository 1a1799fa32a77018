package sim

import (
	"path/filepath"
	"strconv"
	"strings"
)

// Limits of what a step's output can say, as GitHub has them.
const (
	maxOfLevel = 10       // annotations of one level in a step; further ones are only in the log
	maxCommand = 32 << 10 // bytes of a line that is looked at
)

// console takes a job's output: it keeps the end of it, and the annotations
// that steps ask for with workflow commands, such as
//
//	::error file=app.js,line=1,col=5,endColumn=7,title=Lint::Missing semicolon
type console struct {
	tail
	found []annotation

	dir   string         // the checkout: files are named from there
	line  []byte         // what was written since the last line's end
	count map[string]int // annotations of the step by level
	token string         // ends stop-commands; "" when commands are heeded
}

// step begins a step in the checkout.
func (c *console) step(s Step, dir string) {
	c.flush()
	c.dir, c.count, c.token = dir, map[string]int{}, ""
	if s.Uses == "" {
		_, _ = c.tail.Write([]byte("$ " + strings.TrimSpace(s.Run) + "\n"))
	}
}

// Write never fails.
func (c *console) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			c.flush()
		} else if len(c.line) < maxCommand {
			c.line = append(c.line, b)
		}
	}
	return c.tail.Write(p)
}

// flush looks at a line that has ended.
func (c *console) flush() {
	line := strings.TrimSpace(strings.ToValidUTF8(string(c.line), "\uFFFD"))
	c.line = c.line[:0]
	name, properties, message, ok := command(line)
	switch {
	case !ok:
	case c.token != "":
		if name == c.token {
			c.token = ""
		}
	case name == "stop-commands":
		c.token = message
	default:
		if level := annotationLevels[name]; level != "" {
			c.add(c.annotation(level, properties, message))
		}
	}
}

// fail notes that the step failed, after what the step itself said.
func (c *console) fail(message string) {
	c.flush()
	c.found = append(c.found, annotation{Path: ".github", StartLine: ptr(1), EndLine: ptr(1), Level: "failure", Message: &message})
	if over := len(c.found) - maxAnnotations; over > 0 {
		c.found = append(c.found[:maxAnnotations-1], c.found[len(c.found)-1])
	}
}

func (c *console) add(a annotation) {
	if c.count[a.Level] == maxOfLevel || len(c.found) == maxAnnotations {
		return
	}
	c.count[a.Level]++
	c.found = append(c.found, a)
}

// annotationLevels are the levels of the commands that annotate.
var annotationLevels = map[string]string{"error": "failure", "warning": "warning", "notice": "notice"}

// annotation makes an annotation that GitHub's API takes: without a file it is
// at .github, without a line at the first.
func (c *console) annotation(level string, properties map[string]string, message string) annotation {
	path := filepath.ToSlash(properties["file"])
	if rest, inside := strings.CutPrefix(path, filepath.ToSlash(c.dir)+"/"); inside {
		path = rest
	}
	if path == "" {
		path = ".github"
	}
	start := atLeast1(properties["line"], 1)
	end := max(start, atLeast1(properties["endLine"], start))
	a := annotation{Path: path, StartLine: &start, EndLine: &end, Level: level, Message: &message}
	if title := clip(properties["title"], maxTitle); title != "" {
		a.Title = &title
	}
	if column, err := strconv.Atoi(properties["col"]); err == nil && column > 0 && start == end {
		a.StartColumn, a.EndColumn = &column, ptr(max(column, atLeast1(properties["endColumn"], column)))
	}
	return a
}

// command reads "::name key=value,key=value::message".
func command(line string) (name string, properties map[string]string, message string, ok bool) {
	rest, ok := strings.CutPrefix(line, "::")
	if !ok {
		return "", nil, "", false
	}
	head, message, ok := strings.Cut(rest, "::")
	if !ok {
		return "", nil, "", false
	}
	name, list, _ := strings.Cut(head, " ")
	properties = map[string]string{}
	for pair := range strings.SplitSeq(list, ",") {
		if key, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			properties[key] = unescape(value, "%3A", ":", "%2C", ",")
		}
	}
	return name, properties, unescape(message), true
}

// unescape undoes what workflow commands escape: the percent sign last.
func unescape(text string, more ...string) string {
	return strings.NewReplacer(append(more, "%0D", "\r", "%0A", "\n", "%25", "%")...).Replace(text)
}
