package checks

import (
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// outside parses Markdown as GitHub does and returns the text outside code spans and blocks. Anything that could act
// is an error: links, images, HTML, tables, headings made of others' text.
func outside(t testing.TB, markdown string) string {
	t.Helper()
	src := []byte(markdown)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	var prose strings.Builder
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan, *ast.FencedCodeBlock:
			prose.WriteString(" ")
			return ast.WalkSkipChildren, nil
		case *ast.Link: // ours: an address without characters of Markdown, and always the same word
			if text, ok := n.FirstChild().(*ast.Text); !ok || !linkable(string(n.Destination)) || string(text.Segment.Value(src)) != "link" {
				t.Errorf("the Markdown has a link to %q", n.Destination)
			}
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			prose.Write(n.Segment.Value(src))
			prose.WriteString(" ")
		case *extast.Table, *extast.TableHeader, *extast.TableRow, *extast.TableCell:
			prose.WriteString(" ")
		case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.List, *ast.ListItem, *ast.Emphasis:
		default:
			t.Errorf("the Markdown has a %s: %q", n.Kind(), markdown)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return prose.String()
}

// acting is what GitHub acts on in prose.
var acting = regexp.MustCompile(`(?i)@|#[0-9]|\b(close[sd]?|fix(e[sd])?|resolve[sd]?)\b[ :]+(#|gh-)|://|www\.|<[a-z/!]`)

// spans holds that Markdown shows hostile strings in code only, and that nothing outside code acts.
func spans(t testing.TB, markdown string, hostile []string) {
	t.Helper()
	prose := outside(t, markdown)
	if found := acting.FindString(prose); found != "" {
		t.Errorf("outside code there is %q: %q", found, markdown)
	}
	for _, h := range hostile {
		if len(h) > 3 && !ourProse.MatchString(h) && strings.Contains(prose, h) {
			t.Errorf("%q stands outside code: %q", h, markdown)
		}
	}
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(strings.TrimSpace(line), "/") {
			t.Errorf("a line begins with a slash: %q", line)
		}
	}
}

// TestOutside sees the helper red: each of these acts.
func TestOutside(t *testing.T) {
	for _, markdown := range []string{
		"[a](b)", "<b>a</b>", "<div>\nx\n</div>", "![a](b)", "https://evil.example", "# head",
		"ask @octo", "closes #1", "fixes GH-2", "/integrate", "a\n/integrate", "~~a~~", "[a]\n\n[a]: b", "    indented", "> quoted",
	} {
		r := &recorder{TB: t}
		spans(r, markdown, nil)
		if !r.failed {
			t.Errorf("%q passes for inert", markdown)
		}
	}
}

// recorder notes an error instead of reporting it.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Helper()               {}
