package agentplane_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// foreign are words that belong to the place and the way something was made.
// Each is written so that this file does not contain it. A file that has none
// of near, in any case, is not searched.
var foreign = []struct {
	near    string
	pattern *regexp.Regexp
	why     string
}{
	{"/w_o_r_k/ /f_a_r_m/ /r_o_o_t/ /h_o_m_e/", regexp.MustCompile(`(?m)(^|[^A-Za-z0-9_.])/(w[o]rk|f[a]rm|r[o]ot|h[o]me/[a-z]+)/`), "a path of some machine"},
	{"/t_m_p/b", regexp.MustCompile(`/tmp/b[r]ief|/tmp/b[a]sh_jobs`), "a path of some machine"},
	{"s_h_a_r_e_d d_e_s_i_g_n.md b_r_i_e_f.md", regexp.MustCompile(`\.\./sh[a]red\b|DE[S]IGN\.md|BR[I]EF\.md`), "a file that readers do not have"},
	{"s_e_s_s_i_o_n i_s_s_u_e", regexp.MustCompile(`(?i)\b(this|next|previous|an earlier) (s[e]ssion|i[s]sue)\b|\bi[s]sues? #?[0-9]+\b`), "history; say what holds now"},
	{"d_e_s_i_g_n b_r_i_e_f", regexp.MustCompile(`(?i)\bthe (d[e]sign doc|b[r]ief)\b|\bd[e]sign(,)? section\b`), "a document that readers do not have"},
	{"g_o_l_a_n_g.org n_p_m_j_s.org", regexp.MustCompile(`(proxy|sum)\.g[o]lang\.org|registry\.n[p]mjs\.org`), "a registry's address"},
	{"s_e_e_d", regexp.MustCompile(`\br-s[e]ed\b|\bs[e]ed-[0-9a-f]{8}\b`), "a name of some machine"},
}

// has tells whether a file has one of some words, in any case. The words are
// spelled as for unspell.
func (s *source) has(words string) bool {
	lower := bytes.ToLower(s.data)
	return slices.ContainsFunc(strings.Fields(unspell(words)), func(w string) bool { return bytes.Contains(lower, []byte(w)) })
}

// checkWords reads every text file but those that others wrote.
func checkWords(t *tree) []string {
	var problems []string
	for _, s := range t.files {
		if s.path == "go.sum" || s.path == "LICENSE" || under(s.path, "testdata/github") || bytes.IndexByte(s.data, 0) >= 0 {
			continue
		}
		for _, f := range foreign {
			if !s.has(f.near) {
				continue
			}
			for _, at := range f.pattern.FindAllIndex(s.data, -1) {
				found := strings.TrimSpace(string(s.data[at[0]:at[1]]))
				problems = append(problems, fmt.Sprintf("%s:%d: %q is %s", s.path, s.line(at[0]), found, f.why))
			}
		}
	}
	return problems
}

// checkStubs finds promises in place of code.
func checkStubs(t *tree) []string {
	stub := regexp.MustCompile(`\bTO[D]O\b|\bFIX[M]E\b|\bX[X]X\b|(?i)not (yet )?implem[e]nted`)
	var problems []string
	for _, s := range t.golang() {
		if !s.has("t_o_d_o f_i_x_m_e x_x_x i_m_p_l_e_m_e_n_t_e_d") {
			continue
		}
		for _, at := range stub.FindAllIndex(s.data, -1) {
			problems = append(problems, fmt.Sprintf("%s:%d: %q: finish it, or leave it out", s.path, s.line(at[0]), s.data[at[0]:at[1]]))
		}
	}
	return problems
}

// The words of this project, each explained in docs/ARCHITECTURE.md.
var glossary = []string{
	"contract", "agent", "claim", "ruling", "requirement", "matrix", "evidence", "notes", "finding", "report", "verdict",
	"document", "class", "interface", "approval", "integration branch", "target", "lane", "entry", "hold", "batch",
	"candidate", "land", "eject", "offer", "delivery", "notice", "job", "event", "effect", "facts", "sweep",
}

// synonyms are second words for things that have one.
var synonyms = map[string]string{
	"violation": "finding", "violations": "finding", "offence": "finding", "offense": "finding", "complaint": "finding",
	"evict": "eject", "kick": "eject", "dequeue": "eject", "train": "lane", "rollup": "batch",
	"blocker": "hold", "proof": "evidence", "resync": "sweep", "manifesto": "contract",
}

// checkGlossary looks for second words in exported names, and for words that
// the architecture page uses without an explanation.
func checkGlossary(t *tree) []string {
	var problems []string
	for _, s := range t.handwritten() {
		if under(folder(s.path), "sim") {
			continue // speaks GitHub's language
		}
		for _, id := range declared(s.syntax) {
			for _, word := range words(id.Name) {
				if better := synonyms[word]; better != "" && id.IsExported() {
					problems = append(problems, t.at(id.Pos(), "%s: the word for %s is %s", id.Name, word, better))
				}
			}
		}
	}
	if page := t.text("docs/ARCHITECTURE.md"); page != "" {
		for _, word := range glossary {
			if !strings.Contains(page, "**"+word+"**") {
				problems = append(problems, fmt.Sprintf("docs/ARCHITECTURE.md: the glossary lacks **%s**", word))
			}
		}
	}
	return problems
}

// declared are the names a file declares: functions, types, constants,
// variables and fields.
func declared(f *ast.File) []*ast.Ident {
	var names []*ast.Ident
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			names = append(names, n.Name)
		case *ast.TypeSpec:
			names = append(names, n.Name)
		case *ast.ValueSpec:
			names = append(names, n.Names...)
		case *ast.Field:
			names = append(names, n.Names...)
		}
		return true
	})
	return names
}

// words splits a camel-cased name, in lower case.
func words(name string) []string {
	var all []string
	start := 0
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			all, start = append(all, strings.ToLower(name[start:i])), i
		}
	}
	return append(all, strings.ToLower(name[start:]))
}

// checkLinks follows the relative links of every Markdown page outside testdata.
func checkLinks(t *tree) []string {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	var problems []string
	for _, s := range t.files {
		if path.Ext(s.path) != ".md" || slices.Contains(strings.Split(s.path, "/"), "testdata") {
			continue
		}
		for i, line := range strings.Split(string(s.data), "\n") {
			for _, found := range link.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(found[1], "#")
				if target == "" || strings.Contains(target, ":") || strings.HasPrefix(target, "../../") {
					continue
				}
				if !t.has(path.Join(path.Dir(s.path), target)) {
					problems = append(problems, fmt.Sprintf("%s:%d: the link to %s leads nowhere", s.path, i+1, target))
				}
			}
		}
	}
	return problems
}

// checkDependencies reads the direct requirements of go.mod: each is imported
// somewhere, and explained with its version in docs/dependencies.md, which
// explains nothing else.
func checkDependencies(t *tree) []string {
	require := regexp.MustCompile(`(?m)^(?:\t|require )([^\s/(]+\.[^\s]+) (v[^\s]+)$`)
	page := t.text("docs/dependencies.md")
	var problems []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(page, -1) {
		if !regexp.MustCompile(`(?m)^(\t|require )` + regexp.QuoteMeta(row[1]) + ` v[^\s]+$`).MatchString(t.text("go.mod")) {
			problems = append(problems, fmt.Sprintf("docs/dependencies.md: %s is no direct requirement of go.mod", row[1]))
		}
	}
	for _, found := range require.FindAllStringSubmatch(t.text("go.mod"), -1) {
		name, version := found[1], found[2]
		if !t.importedIn("*", name, false) && !t.importedIn("*", name, true) {
			problems = append(problems, fmt.Sprintf("go.mod: %s is required directly and never imported; run go mod tidy", name))
		}
		if !explains(page, name, version) {
			problems = append(problems, fmt.Sprintf("docs/dependencies.md: no line has %s and %s", name, version))
		}
	}
	return problems
}

// explains tells whether one line names a module and its version.
func explains(page, name, version string) bool {
	for _, line := range strings.Split(page, "\n") {
		if strings.Contains(line, "`"+name+"`") && strings.Contains(line, version) {
			return true
		}
	}
	return false
}
