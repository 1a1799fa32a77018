package checks

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extended "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// parseMarkdown reads Markdown as GitHub does, as far as it decides what is code, what is quoted and what is hidden:
// without links, emphasis and reference definitions, whose marks then stay in the text, and whose parsers take longer
// than linear time on some texts.
func parseMarkdown(src []byte) ast.Node {
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
		),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
	return p.Parse(text.NewReader(src))
}

// deepestMarkdown is how many levels of lists and quotes are read.
const deepestMarkdown = 40

// tooNested reports whether a line opens so many quotes and lists that reading them would take quadratic time.
func tooNested(body string) bool {
	for line := range strings.Lines(body) {
		marks := line[:len(line)-len(strings.TrimLeft(line, " \t>-*+.)0123456789"))]
		opened := strings.Count(marks, ">")
		for _, word := range strings.Fields(marks) {
			if strings.ContainsAny(word[len(word)-1:], "-*+.)") {
				opened++
			}
		}
		if opened > 2*deepestMarkdown {
			return true
		}
	}
	return false
}

// passage is a piece of Markdown that belongs together: a line of a paragraph, an entry of a list without the lists in
// it, or a row of a table.
type passage struct {
	prose string   // the text outside code, with a space for each code span
	codes []string // the code spans
	open  bool     // its check box is not ticked
}

// content is all text of the passage that a reader sees.
func (p passage) content() string { return p.prose + " " + strings.Join(p.codes, " ") }

// passages splits a block into passages. What is quoted, fenced or hidden in it makes none.
func passages(n ast.Node, src []byte, depth int) []passage {
	if depth > deepestMarkdown {
		return nil
	}
	switch n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		return lines(n, src)
	case *ast.ListItem:
		return entry(n, src, depth)
	case *extended.TableHeader, *ast.Heading:
		return nil
	case *extended.TableRow:
		var row passage
		for cell := n.FirstChild(); cell != nil; cell = cell.NextSibling() {
			row.add(cell, src)
		}
		return []passage{row}
	case *ast.List, *extended.Table:
		var all []passage
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			all = append(all, passages(child, src, depth+1)...)
		}
		return all
	}
	return nil
}

// entry is the passage of a list's entry, followed by those of the lists in it.
func entry(n ast.Node, src []byte, depth int) []passage {
	var own passage
	var inner []passage
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			own.add(child, src)
		default:
			inner = append(inner, passages(child, src, depth+1)...)
		}
	}
	return append([]passage{own}, inner...)
}

// lines are the passages of a paragraph.
func lines(n ast.Node, src []byte) []passage {
	all := []passage{{}}
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		all[len(all)-1].inline(child, src)
		if t, ok := child.(*ast.Text); ok && (t.SoftLineBreak() || t.HardLineBreak()) {
			all = append(all, passage{})
		}
	}
	return all
}

// add takes in all inline nodes of a block.
func (p *passage) add(block ast.Node, src []byte) {
	p.prose += " "
	for child := block.FirstChild(); child != nil; child = child.NextSibling() {
		p.inline(child, src)
		if t, ok := child.(*ast.Text); ok && (t.SoftLineBreak() || t.HardLineBreak()) {
			p.prose += " "
		}
	}
}

// inline takes in one inline node. Hidden HTML gives nothing.
func (p *passage) inline(n ast.Node, src []byte) {
	switch n := n.(type) {
	case *ast.Text:
		p.prose += string(n.Segment.Value(src))
	case *ast.String:
		p.prose += string(n.Value)
	case *ast.CodeSpan:
		var span strings.Builder
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			if t, ok := child.(*ast.Text); ok {
				span.WriteString(strings.ReplaceAll(string(t.Segment.Value(src)), "\n", " "))
			}
		}
		p.codes = append(p.codes, span.String())
		p.prose += " "
	case *extended.TaskCheckBox:
		p.open = p.open || !n.IsChecked
	}
}

// fenced is the text of a fenced block.
func fenced(n *ast.FencedCodeBlock, src []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(src))
	}
	return b.String()
}

// shellLines are the commands of a fenced shell block: its lines, or, where some start with a prompt, those.
func shellLines(body string) []string {
	var all, prompted []string
	for line := range strings.SplitSeq(continued.ReplaceAllString(body, " "), "\n") {
		line = strings.TrimSpace(line)
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			prompted = append(prompted, command)
		} else if line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	if len(prompted) > 0 {
		return prompted
	}
	return all
}

// isShell reports whether a fence's language is a shell's, or none is given.
func isShell(language string) bool {
	switch strings.ToLower(language) {
	case "", "sh", "bash", "zsh", "shell", "console", "shell-session":
		return true
	}
	return false
}
