package checks

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"

	"github.com/agentplane/agentplane/ownership"
)

// Bounds of the notes.
const (
	maxBody     = 64 << 10 // bytes of a pull request's body that are read
	maxNoteRows = 200      // lines, entries, table rows and commands that are read as claims
)

// The headings of the notes where the contract names none.
const (
	commandsHeading = "Commands run"
	riskHeading     = "Remaining risk"
)

// notes are what a pull request's body claims: text of the author's, which is compared and never raises trust.
//
// The fenced block speaks about the commit that it names. Prose speaks about the present head, unless the section of
// commands names commits and the head is not among them: prose seldom names one, and a push that leaves it alone would
// otherwise need an edit of the body that says nothing.
type notes struct {
	problems []string       // what is wrong with the block, as sentences without full stop
	blocks   int            // fenced agentplane blocks
	block    noteBlock      // the only one, without problems
	filled   map[string]int // sections by heading, as headingKey gives it: how many letters and digits they hold
	rows     []noteRow
	stated   []string // texts of list entries, with spaces collapsed
	other    string   // a commit that the section of commands names in place of the head; "" for none
	omitted  int      // rows beyond maxNoteRows
}

// noteRow is a command that prose lists.
type noteRow struct {
	command string
	failed  bool // its passage says that it failed or was not run
}

// headingKey compares headings: letters and digits in lower case, everything else is a gap.
func headingKey(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// noteReader walks over a body.
type noteReader struct {
	src      []byte
	head     string
	sections map[string]bool // wanted headings: true where they hold commands
	open     []openSection
	notes    notes
	blocks   []string // texts of the fenced agentplane blocks
	commits  []string // hex words of the sections of commands
}

// openSection is a wanted section that the walk is in.
type openSection struct {
	key   string
	level int
}

// readNotes reads the body of a pull request whose head is at a commit.
func readNotes(body, head string, requirements []*ownership.Requirement) notes {
	if len(body) > maxBody {
		return notes{problems: []string{"The description has more than 64 KiB, so it is not read"}}
	}
	if tooNested(body) {
		return notes{problems: []string{"The description nests quotes or lists too deeply, so it is not read"}}
	}
	r := &noteReader{src: []byte(body), head: head, sections: wantedSections(requirements)}
	r.notes.filled = map[string]int{}
	document := parseMarkdown(r.src)
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		r.top(n)
	}
	r.notes.other = otherCommit(r.commits, head)
	r.notes.blocks = len(r.blocks)
	switch {
	case len(r.blocks) > 1:
		r.notes.problems = append(r.notes.problems, "The description has more than one fenced agentplane block")
	case len(r.blocks) == 1:
		block, problems := readBlock(r.blocks[0])
		r.notes.problems = append(r.notes.problems, problems...)
		if len(problems) == 0 {
			r.notes.block = block
		}
	}
	return r.notes
}

// wantedSections are the headings that matter, and whether each holds commands: those that speak of commands do.
func wantedSections(requirements []*ownership.Requirement) map[string]bool {
	wanted := map[string]bool{headingKey(commandsHeading): true, headingKey(riskHeading): false}
	for _, q := range requirements {
		for _, s := range q.Sections {
			wanted[headingKey(s)] = slices.ContainsFunc(strings.Fields(headingKey(s)), func(w string) bool { return w == "command" || w == "commands" })
		}
	}
	return wanted
}

// top takes in a block that stands at the top of the body. Quotes, hidden HTML and indented code are none of it.
func (r *noteReader) top(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		r.heading(n)
	case *ast.FencedCodeBlock:
		r.fence(n)
	default:
		for _, p := range passages(n, r.src, 0) {
			r.passage(p, n.Kind() == ast.KindList)
		}
	}
}

func (r *noteReader) heading(n *ast.Heading) {
	var p passage
	p.add(n, r.src)
	r.open = slices.DeleteFunc(r.open, func(s openSection) bool { return s.level >= n.Level })
	key := headingKey(p.content())
	if _, wanted := r.sections[key]; wanted {
		r.open = append(r.open, openSection{key, n.Level})
		r.notes.filled[key] += 0
	}
}

func (r *noteReader) fence(n *ast.FencedCodeBlock) {
	body := fenced(n, r.src)
	info := ""
	if n.Info != nil {
		info = strings.TrimSpace(string(n.Info.Segment.Value(r.src)))
	}
	if info == "agentplane" {
		r.blocks = append(r.blocks, body)
		return
	}
	r.fill(body)
	if language, _, _ := strings.Cut(info, " "); isShell(language) && r.inCommands() {
		for _, line := range shellLines(body) {
			r.row(noteRow{command: line})
		}
	}
}

// passage takes in what is no heading and no fence.
func (r *noteReader) passage(p passage, list bool) {
	r.fill(p.content())
	if len(r.open) == 0 || p.open {
		return
	}
	if list && len(r.notes.stated) < maxNoteRows {
		r.notes.stated = append(r.notes.stated, collapsed(p.content()))
	}
	if r.inCommands() {
		failed := saysFailed(p.prose)
		r.commits = append(r.commits, hexWord.FindAllString(p.content(), -1)...)
		for _, c := range p.codes {
			r.row(noteRow{command: c, failed: failed})
		}
	}
}

func (r *noteReader) row(row noteRow) {
	if len(r.notes.rows) == maxNoteRows {
		r.notes.omitted++
		return
	}
	r.notes.rows = append(r.notes.rows, row)
}

// fill counts what a reader could read in the open sections.
func (r *noteReader) fill(text string) {
	n := 0
	for _, c := range text {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			n++
		}
	}
	for _, s := range r.open {
		r.notes.filled[s.key] += n
	}
}

func (r *noteReader) inCommands() bool {
	return slices.ContainsFunc(r.open, func(s openSection) bool { return r.sections[s.key] })
}

// collapsed is text with single spaces.
func collapsed(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	hexWord   = regexp.MustCompile(`\b[0-9a-f]{7,64}\b`)
	nothing   = regexp.MustCompile(`(?i)\b(no|0|zero|without)\s+(errors?|failures?|failed|failing)\b`)
	badWord   = regexp.MustCompile(`(?i)\b(fail(s|ed|ing|ure|ures)?|errors?|errored|crash(es|ed)?|skipp(ed|ing)|broken|todo|pending|didn'?t|don'?t|doesn'?t|couldn'?t|can'?t|cannot|not)\b|[❌✗✘🔴✖]|:x:`)
	exitWords = regexp.MustCompile(`(?i)\bexit(ed)?(\s+(code|status|with))*\s*[:=]?\s*(-?[0-9]+)`)
)

// saysFailed reports whether prose about a command says that it did not succeed, or was not run. In doubt it says so.
func saysFailed(prose string) bool {
	for _, m := range exitWords.FindAllStringSubmatch(prose, -1) {
		if strings.Trim(m[4], "0") != "" {
			return true
		}
	}
	return badWord.MatchString(nothing.ReplaceAllString(strings.ReplaceAll(prose, "’", "'"), ""))
}

// otherCommit returns the first of some hex words that looks like a commit, if the head is not among them. A word of
// letters only or of digits only looks like none, unless it has the full length.
func otherCommit(words []string, head string) string {
	other := ""
	for _, w := range words {
		mixed := strings.ContainsAny(w, "0123456789") && strings.ContainsAny(w, "abcdef")
		switch {
		case strings.HasPrefix(head, w):
			return ""
		case other == "" && (mixed || fullSHA.MatchString(w)):
			other = w
		}
	}
	return other
}
