package checks

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Bounds of the fenced block in the notes.
const (
	maxBlock         = 16 << 10 // bytes
	maxBlockCommands = 200
	maxBlockText     = 2000 // bytes of a command, as in the contract
	maxBlockWord     = 200  // bytes of any other text
)

// noteBlock is the fenced agentplane block of the notes.
type noteBlock struct {
	head       string
	agent      string
	commands   []noteCommand
	statements []string // names of requirements
}

// noteCommand is a command that the block says was run.
type noteCommand struct {
	id, run string
	exit    int
	exited  bool // the exit status was given
}

// blockReader reads a block and collects what is wrong with it, as sentences without full stop.
type blockReader struct {
	block    noteBlock
	problems []string
}

// readBlock reads the text between the fences. The block counts only without problems.
func readBlock(text string) (noteBlock, []string) {
	var r blockReader
	root, why := plainYAML(text, maxBlock)
	switch {
	case why != "":
		r.add("The block %s", why)
	case root.Kind != yaml.MappingNode:
		r.add("The block has to consist of keys and values")
	default:
		r.fields(root, "the block", map[string]func(*yaml.Node){
			"head":       func(n *yaml.Node) { r.block.head = r.commit(n) },
			"agent":      func(n *yaml.Node) { r.block.agent = r.word(n, "agent") },
			"task":       func(n *yaml.Node) { r.word(n, "task") },
			"model":      func(n *yaml.Node) { r.word(n, "model") },
			"session":    func(n *yaml.Node) { r.word(n, "session") },
			"cost_usd":   func(n *yaml.Node) { r.number(n, "cost_usd") },
			"tokens":     func(n *yaml.Node) { r.number(n, "tokens") },
			"commands":   r.commands,
			"statements": r.statements,
		})
		r.require(root, "the block", "head", "agent")
	}
	return r.block, r.problems
}

func (r *blockReader) add(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// fields hands every value of a mapping to the reader of its key.
func (r *blockReader) fields(n *yaml.Node, what string, readers map[string]func(*yaml.Node)) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if read := readers[key.Value]; read != nil {
			read(n.Content[i+1])
		} else {
			r.add("Line %d: %s has no key %s", key.Line, what, code(key.Value))
		}
	}
}

// require notes missing keys of a mapping.
func (r *blockReader) require(n *yaml.Node, what string, keys ...string) {
	for _, key := range keys {
		if valueOf(n, key) == nil {
			r.add("Line %d: %s lacks the key %s", n.Line, what, code(key))
		}
	}
}

var fullSHA = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (r *blockReader) commit(n *yaml.Node) string {
	s, ok := textOf(n)
	if !ok || !fullSHA.MatchString(s) {
		r.add("Line %d: %s has to be a commit of 40 hex digits", n.Line, code("head"))
		return ""
	}
	return s
}

// word reads a text of one line.
func (r *blockReader) word(n *yaml.Node, what string) string {
	s, ok := textOf(n)
	if !ok || strings.TrimSpace(s) == "" || len(s) > maxBlockWord || visible(s) != s {
		r.add("Line %d: %s has to be one visible line of at most %d bytes", n.Line, code(what), maxBlockWord)
		return ""
	}
	return s
}

// number checks a number that is not negative. The verdict does not use it.
func (r *blockReader) number(n *yaml.Node, what string) {
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || err != nil || !(v >= 0 && v <= 1e15) {
		r.add("Line %d: %s has to be a number, and not negative", n.Line, code(what))
	}
}

func (r *blockReader) commands(n *yaml.Node) {
	if n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.add("Line %d: %s has to be a list", n.Line, code("commands"))
		return
	}
	if len(n.Content) > maxBlockCommands {
		r.add("Line %d: %d commands; %d are read", n.Line, len(n.Content), maxBlockCommands)
		return
	}
	seen := map[string]bool{}
	for _, item := range n.Content {
		if item.Kind != yaml.MappingNode {
			r.add("Line %d: a command has to have the keys %s, %s and %s", item.Line, code("id"), code("run"), code("exit"))
			continue
		}
		c := r.command(item)
		if seen[c.id] && c.id != "" {
			r.add("Line %d: the command %s stands twice", item.Line, code(c.id))
		}
		seen[c.id] = true
		r.block.commands = append(r.block.commands, c)
	}
}

func (r *blockReader) command(n *yaml.Node) noteCommand {
	var c noteCommand
	r.fields(n, "a command", map[string]func(*yaml.Node){
		"id": func(v *yaml.Node) { c.id = r.word(v, "id") },
		"run": func(v *yaml.Node) {
			s, ok := textOf(v)
			if !ok || strings.TrimSpace(s) == "" || len(s) > maxBlockText {
				r.add("Line %d: %s has to be a command of at most %d bytes", v.Line, code("run"), maxBlockText)
			}
			c.run = s
		},
		"exit": func(v *yaml.Node) {
			exit, err := strconv.Atoi(v.Value)
			if v.Kind != yaml.ScalarNode || v.Tag != "!!int" || err != nil || exit < -1<<31 || exit > 1<<32 {
				r.add("Line %d: %s has to be the number that the command exited with", v.Line, code("exit"))
				return
			}
			c.exit, c.exited = exit, true
		},
		"seconds": func(v *yaml.Node) { r.number(v, "seconds") },
	})
	r.require(n, "a command", "id", "run", "exit")
	return c
}

func (r *blockReader) statements(n *yaml.Node) {
	if n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxBlockCommands {
		r.add("Line %d: %s has to be a list of at most %d names of requirements", n.Line, code("statements"), maxBlockCommands)
		return
	}
	for _, item := range n.Content {
		r.block.statements = append(r.block.statements, r.word(item, "an entry of statements"))
	}
}
