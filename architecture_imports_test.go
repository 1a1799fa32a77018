package agentplane_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// drawers are folder names that say nothing about what is inside.
var drawers = []string{"util", "utils", "common", "types", "internal", "pkg", "helpers", "misc", "lib", "base", "core"}

// checkFolders holds Go files to the folders that have a purpose.
func checkFolders(t *tree) []string {
	var problems []string
	seen := map[string]bool{}
	for _, s := range t.files {
		dir := folder(s.path)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		parts := strings.Split(dir, "/")
		switch _, known := folders[dir]; {
		case known, slices.Contains(plainFolders, parts[0]), slices.Contains(parts, "testdata"):
		case slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(drawers, p) }):
			problems = append(problems, fmt.Sprintf("%s: a folder of this name is a drawer for anything; put the code where it is used", dir))
		case !carried(t, dir):
			problems = append(problems, fmt.Sprintf("%s: not one of the folders this project has", dir))
		}
	}
	return problems
}

// carried tells whether a folder without Go files lies in a known package: SQL
// migrations, templates and the like, which the package embeds.
func carried(t *tree, dir string) bool {
	for _, s := range t.files {
		if s.syntax != nil && under(s.path, dir) {
			return false
		}
	}
	for parent := path.Dir(dir); parent != "."; parent = path.Dir(parent) {
		if _, known := folders[parent]; known {
			return true
		}
	}
	return false
}

// checkImports holds every import to the tables.
func checkImports(t *tree) []string {
	var problems []string
	for _, s := range t.golang() {
		for _, spec := range s.syntax.Imports {
			if reason := refuse(s, imported(spec)); reason != "" {
				problems = append(problems, t.at(spec.Pos(), "imports %s: %s", imported(spec), reason))
			}
		}
	}
	return problems
}

// imported is the path of an import.
func imported(spec *ast.ImportSpec) string {
	name, _ := strconv.Unquote(spec.Path.Value)
	return name
}

// refuse says why a file may not import a path, or "".
func refuse(s *source, name string) string {
	dir := folder(s.path)
	first, _, _ := strings.Cut(name, "/")
	switch {
	case name == "testing" && !s.isTest() && !slices.Contains(testOnly, dir):
		return "only tests may"
	case name == module || strings.HasPrefix(name, module+"/"):
		return refuseHere(s, strings.TrimPrefix(strings.TrimPrefix(name, module), "/"))
	case !strings.Contains(first, "."):
		return ""
	}
	for _, allowed := range allowedModules(s, dir) {
		if under(name, allowed) {
			return ""
		}
	}
	return fmt.Sprintf("not in the table of what %q may import; add it with its reason, or do without", dir)
}

// refuseHere says why a file may not import a package of this module, or "".
func refuseHere(s *source, name string) string {
	switch {
	case s.isTest():
		return ""
	case slices.Contains(testOnly, name):
		return "it is for tests"
	case !slices.Contains(imports[folder(s.path)].here, name):
		return "the pipeline does not flow this way"
	}
	return ""
}

// allowedModules lists what a file of a folder may import from elsewhere.
func allowedModules(s *source, dir string) []string {
	allowed := slices.Collect(maps.Keys(imports[dir].there))
	if s.isTest() {
		allowed = slices.AppendSeq(allowed, maps.Keys(testImports["*"]))
		allowed = slices.AppendSeq(allowed, maps.Keys(testImports[dir]))
	}
	return allowed
}

// importedIn tells whether a test, or else code, of a folder imports a module;
// the folder "*" is every folder.
func (t *tree) importedIn(dir, name string, test bool) bool {
	for _, s := range t.golang() {
		if s.isTest() != test || dir != "*" && folder(s.path) != dir {
			continue
		}
		for _, spec := range s.syntax.Imports {
			if under(imported(spec), name) {
				return true
			}
		}
	}
	return false
}

// checkReserved keeps some of the standard library to few places. Tests may.
func checkReserved(t *tree) []string {
	var problems []string
	for _, s := range t.code() {
		for _, spec := range s.syntax.Imports {
			only, known := reserved[imported(spec)]
			if known && !slices.Contains(only.places, folder(s.path)) && !slices.Contains(testOnly, folder(s.path)) {
				problems = append(problems, t.at(spec.Pos(), "imports %s: %s", imported(spec), only.why))
			}
		}
	}
	return problems
}

// checkPure holds the deciding packages away from everything that differs
// between two runs.
func checkPure(t *tree) []string {
	var problems []string
	for _, s := range t.code() {
		if !slices.Contains(pure, folder(s.path)) {
			continue
		}
		for _, spec := range s.syntax.Imports {
			if slices.ContainsFunc(impureImports, func(p string) bool { return matches(p, imported(spec)) }) {
				problems = append(problems, t.at(spec.Pos(), "imports %s in a pure package", imported(spec)))
			}
		}
		problems = append(problems, clocks(t, s)...)
	}
	return problems
}

// matches compares an import with an entry of a list; "net/*" is all below net.
func matches(entry, name string) bool {
	prefix, all := strings.CutSuffix(entry, "*")
	return name == entry || all && strings.HasPrefix(name, prefix)
}

// clocks finds what reads or waits for the time.
func clocks(t *tree, s *source) []string {
	var problems []string
	reading := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep"}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && isName(sel.X, "time") && slices.Contains(reading, sel.Sel.Name) {
			problems = append(problems, t.at(n.Pos(), "time.%s in a pure package: time is a value that is handed in", sel.Sel.Name))
		}
		return true
	})
	return problems
}

// isName tells whether an expression is one of these plain names.
func isName(e ast.Expr, names ...string) bool {
	id, ok := e.(*ast.Ident)
	return ok && slices.Contains(names, id.Name)
}

// checkPackageComments wants exactly one manual in each package.
func checkPackageComments(t *tree) []string {
	comments := map[string][]string{}
	for _, s := range t.code() {
		dir := folder(s.path)
		if _, seen := comments[dir]; !seen {
			comments[dir] = nil
		}
		if s.syntax.Doc != nil {
			comments[dir] = append(comments[dir], s.path)
		}
	}
	var problems []string
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		switch files := comments[dir]; len(files) {
		case 0:
			problems = append(problems, fmt.Sprintf("%s: no package comment", dir))
		case 1:
		default:
			problems = append(problems, fmt.Sprintf("%s: %d package comments, in %s", dir, len(files), strings.Join(files, " and ")))
		}
	}
	return problems
}
