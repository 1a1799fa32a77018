package checks

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// maxTemplateRows is how many requirements a template has lines for.
const maxTemplateRows = 30

// notesTemplate returns notes to paste into a description and to fill in: the sections that the requirements name, and
// the block with the head and the commands. What only its author knows is left to be filled in, in a form that
// does not count.
func notesTemplate(head, agent string, required []*ownership.Requirement) string {
	var sections, commands, statements []string
	for _, q := range required[:min(len(required), maxTemplateRows)] {
		switch {
		case q.Run != "":
			commands = append(commands, fmt.Sprintf("  - { id: %s, run: %s, exit: fill-in }\n", q.Name, quoted(q.Run)))
		case q.Expect != "":
			statements = append(statements, fmt.Sprintf("  # if it is true: %s\n  # - %s\n", visible(q.Expect), q.Name))
		}
		sections = append(sections, q.Sections...)
	}
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "## %s\n\n…\n\n", visible(s))
	}
	fmt.Fprintf(&b, "```agentplane\nhead: %s\nagent: %s\n", visible(head), visible(agent))
	if len(commands) > 0 {
		b.WriteString("commands:\n" + strings.Join(commands, ""))
	}
	if len(statements) > 0 {
		b.WriteString("statements:\n" + strings.Join(statements, ""))
	}
	b.WriteString("```\n")
	return b.String()
}

// quoted is a command as a YAML text in double quotes, which is also how JSON writes it.
func quoted(s string) string {
	out, err := json.Marshal(commandKey(s))
	if err != nil { // cannot happen: a string can always be written
		return `""`
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(visibleJSON(out)))
}
