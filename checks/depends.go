package checks

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// MaxDependencies is the most dependencies that one description names; of more, as many as show that it was more are
// returned.
const MaxDependencies = 100

// Dependency is a pull request that a description says must land first.
type Dependency struct {
	Number int
	Repo   string // "owner/name" of another repository; "" is this one
	// Bad says what could not be read as a dependency, in plain text, or that it is the pull request itself. Whoever
	// acts on dependencies must take it for one that is not met.
	Bad string
}

// Depends reads the dependencies that the description of a pull request names, in lines such as
//
//	Depends-On: #12, #13
//	Depends-On: octo/blog#12
//	Depends-On: https://github.com/octo/blog/pull/12
//
// The key stands at the start of a line of text or of a list's entry, in any case, perhaps emphasised. What is quoted,
// fenced, indented as code or hidden in a comment names nothing. What begins like such a line and cannot be read to its
// end is returned as Bad, so that a slip holds the pull request rather than lets it land too early. repo is this
// repository, as "owner/name"; a foreign one is another, whatever the host. Each is returned once, in the order
// of the text.
func Depends(body, repo string, self int) []Dependency {
	r := &dependencyReader{src: []byte(body), repo: repo, self: self, seen: map[Dependency]bool{}}
	switch {
	case !namesDependency.MatchString(body):
		return nil
	case len(body) > maxBody:
		return []Dependency{{Bad: "the description has more than 64 KiB"}}
	case tooNested(body):
		return []Dependency{{Bad: "the description nests quotes or lists too deeply"}}
	}
	document := parseMarkdown(r.src)
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		r.block(n, 0)
	}
	return r.all
}

var (
	namesDependency = regexp.MustCompile(`(?i)depends-on`)
	// dependencyKey also takes what somebody meant as one: without the colon, or with one of another alphabet.
	dependencyKey = regexp.MustCompile(`(?i)^[*_]{0,3}depends-on[*_]{0,3}[ \t]*([:：=#]|https?://|$)`)
	afterKey      = regexp.MustCompile(`^:[*_]{0,3}`)

	dependencyNumber = regexp.MustCompile(`^#([1-9][0-9]{0,9})$`)
	dependencyNamed  = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})#([1-9][0-9]{0,9})$`)
	dependencyURL    = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(?::[0-9]+)?/([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})/pull/([1-9][0-9]{0,9})(?:/files|/commits|/checks)?/?(?:[?#][!-~]*)?$`)
)

// dependencyReader walks over a description.
type dependencyReader struct {
	src  []byte
	repo string
	self int
	all  []Dependency
	seen map[Dependency]bool // with the repository in lower case
}

// block takes in text, lists and headings: a line above a ruler of dashes is one to Markdown. Quotes, fences and HTML are
// none of it.
func (r *dependencyReader) block(n ast.Node, depth int) {
	switch n.(type) {
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		for _, p := range lines(n, r.src) {
			r.line(p)
		}
	case *ast.List, *ast.ListItem:
		if depth > 2*deepestMarkdown {
			r.add(Dependency{Bad: "the description nests lists too deeply"})
			return
		}
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			r.block(child, depth+1)
		}
	}
}

func (r *dependencyReader) line(p passage) {
	text := strings.TrimSpace(p.prose)
	m := dependencyKey.FindStringSubmatchIndex(text)
	if m == nil {
		return
	}
	bad := visibleUpTo(collapsed(p.content()), shownRunes)
	rest := text[m[2]:]
	mark := afterKey.FindString(rest)
	if mark == "" || len(p.codes) > 0 {
		r.add(Dependency{Bad: bad})
	}
	for part := range strings.SplitSeq(rest[len(mark):], ",") {
		words := strings.Fields(part)
		if len(words) == 0 && mark != "" {
			r.add(Dependency{Bad: bad})
		}
		for _, word := range words {
			r.word(word, bad)
		}
	}
}

// word reads one dependency of a line, or files the line as one that could not be read.
func (r *dependencyReader) word(word, bad string) {
	repo, digits := "", ""
	if inner, ok := strings.CutPrefix(word, "<"); ok && strings.HasSuffix(inner, ">") {
		word = strings.TrimSuffix(inner, ">")
	}
	if m := dependencyNumber.FindStringSubmatch(word); m != nil {
		digits = m[1]
	} else if m := dependencyNamed.FindStringSubmatch(word); m != nil {
		repo, digits = m[1], m[2]
	} else if m := dependencyURL.FindStringSubmatch(word); m != nil {
		repo, digits = m[1], m[2]
	}
	number, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		r.add(Dependency{Bad: bad})
		return
	}
	d := Dependency{Number: int(number), Repo: repo}
	if strings.EqualFold(d.Repo, r.repo) {
		d.Repo = ""
	}
	if d.Repo == "" && d.Number == r.self {
		d.Bad = word + " is the pull request itself"
	}
	r.add(d)
}

// add files a dependency once, up to one more than there may be.
func (r *dependencyReader) add(d Dependency) {
	key := d
	key.Repo = strings.ToLower(d.Repo)
	if len(r.all) > MaxDependencies || r.seen[key] {
		return
	}
	r.seen[key] = true
	r.all = append(r.all, d)
}
