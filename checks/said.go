package checks

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// The kinds of commands. Whatever else stands after a slash is none.
const (
	CommandApprove   = "approve"
	CommandExpand    = "expand"
	CommandRetry     = "retry"
	CommandIntegrate = "integrate"
)

// MaxCommand is the longest comment, in bytes, in which a command is looked for.
const MaxCommand = 1 << 10

// Command is what a comment asks for. With Usage it is a command of a known kind that cannot be carried out as it is
// written.
type Command struct {
	Kind    string // approve, expand, retry, integrate
	Subject string // of approve: a class, an interface, or harness; of expand: a pattern; of integrate: IntegrateCancel and so on, "" to enter
	SHA     string // of approve and integrate: the commit that is meant, or its start; "" is the head
	Why     string // of expand, retry and a pause; printable ASCII, as it was written
	Usage   string // how such a command is written, where this one is not
}

// commandLine tells a command from everything else: lower-case letters after one slash at the very start of the line.
// Whatever follows has to be printable ASCII, so a word of another alphabet is no command.
var commandLine = regexp.MustCompile(`^/([a-z]+)( [ -~]*)?$`)

// approveSubject is a class's or an interface's name, and commitPrefix what may be given of a commit.
var (
	approveSubject = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,79}$`)
	commitPrefix   = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
)

// ParseCommand reads the command of a comment, and reports whether there is one of this package's kinds.
//
// A command is the first line of a comment that is not blank, from its first character on, so that nothing that is
// quoted, indented, fenced, linked or commented out can be one. Words stand one space apart; spaces at the end do not
// count. The line may end as browsers send it, in a carriage return and a line feed; a carriage return anywhere else,
// a NUL anywhere, bytes that are not UTF-8, or more than MaxCommand bytes make the comment no command.
func ParseCommand(body string) (Command, bool) {
	if len(body) > MaxCommand || !utf8.ValidString(body) || strings.ContainsRune(body, 0) {
		return Command{}, false
	}
	m := commandLine.FindStringSubmatch(firstLine(body))
	if m == nil {
		return Command{}, false
	}
	rest := strings.TrimPrefix(m[2], " ")
	switch m[1] {
	case CommandApprove:
		return parseApprove(rest), true
	case CommandExpand:
		return parseExpand(rest), true
	case CommandRetry:
		return parseRetry(rest), true
	case CommandIntegrate:
		return parseIntegrate(rest), true
	}
	return Command{}, false
}

// firstLine returns the first line that has something on it, without spaces at its end.
func firstLine(body string) string {
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.Trim(line, " \t") != "" {
			return strings.TrimRight(line, " ")
		}
	}
	return ""
}

func parseApprove(rest string) Command {
	c := Command{Kind: CommandApprove}
	subject, sha, named := strings.Cut(rest, " ")
	if !approveSubject.MatchString(subject) || named && !commitPrefix.MatchString(sha) {
		c.Usage = "/approve <class, interface or harness> [<commit>]"
		return c
	}
	c.Subject, c.SHA = subject, sha
	return c
}

func parseExpand(rest string) Command {
	c := Command{Kind: CommandExpand}
	pattern, why, _ := strings.Cut(rest, " ")
	for strings.HasSuffix(pattern, `\`) && why != "" { // an escaped space belongs to the pattern
		more, after, _ := strings.Cut(why, " ")
		pattern, why = pattern+" "+more, after
	}
	if pattern == "" || strings.HasPrefix(why, " ") {
		c.Usage = "/expand <path or pattern> [<why>]"
		return c
	}
	c.Subject, c.Why = pattern, why
	return c
}

func parseRetry(rest string) Command {
	c := Command{Kind: CommandRetry, Why: rest}
	if strings.HasPrefix(rest, " ") {
		c.Why, c.Usage = "", "/retry [<why>]"
	}
	return c
}
