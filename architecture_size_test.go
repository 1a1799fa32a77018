package agentplane_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
)

// The budget, in lines; a median needs a few functions to mean anything.
const (
	maxFile       = 400
	maxFunction   = 60
	maxTypeSwitch = 80
	maxMedian     = 12
	maxMedianCLI  = 14 // the command line's functions list flags and texts
	medianNeeds   = 5
	maxParameters = 5
)

// checkFileSize counts the lines of every Go file that a person wrote.
func checkFileSize(t *tree) []string {
	var problems []string
	for _, s := range t.golang() {
		if s.lines() > maxFile && !ast.IsGenerated(s.syntax) {
			problems = append(problems, fmt.Sprintf("%s: %d lines, the budget is %d", s.path, s.lines(), maxFile))
		}
	}
	return problems
}

// length is the number of lines from func to the closing brace.
func (t *tree) length(f *ast.FuncDecl) int {
	return t.fset.Position(f.End()).Line - t.fset.Position(f.Pos()).Line + 1
}

// checkFunctionSize counts the lines of every function outside tests, whose
// tables may be long.
func checkFunctionSize(t *tree) []string {
	var problems []string
	functions(t.handwritten(), func(_ *source, f *ast.FuncDecl) {
		budget := maxFunction
		if isTypeSwitch(f) {
			budget = maxTypeSwitch
		}
		if n := t.length(f); n > budget {
			problems = append(problems, t.at(f.Pos(), "%s has %d lines, the budget is %d", f.Name.Name, n, budget))
		}
	})
	return problems
}

// isTypeSwitch tells a function that is one type switch, and perhaps a return.
func isTypeSwitch(f *ast.FuncDecl) bool {
	if len(f.Body.List) == 0 || len(f.Body.List) > 2 {
		return false
	}
	if len(f.Body.List) == 2 {
		if _, ok := f.Body.List[1].(*ast.ReturnStmt); !ok {
			return false
		}
	}
	_, ok := f.Body.List[0].(*ast.TypeSwitchStmt)
	return ok
}

// checkFunctionMedian looks at each package as a whole.
func checkFunctionMedian(t *tree) []string {
	lengths := map[string][]int{}
	functions(t.handwritten(), func(s *source, f *ast.FuncDecl) {
		lengths[folder(s.path)] = append(lengths[folder(s.path)], t.length(f))
	})
	var problems []string
	for _, dir := range slices.Sorted(maps.Keys(lengths)) {
		all := slices.Sorted(slices.Values(lengths[dir]))
		budget := maxMedian
		if dir == "cmd/agentplane" {
			budget = maxMedianCLI
		}
		if median := all[len(all)/2]; len(all) >= medianNeeds && median > budget {
			problems = append(problems, fmt.Sprintf("%s: the median function has %d lines, the budget is %d", dir, median, budget))
		}
	}
	return problems
}

// wellKnown are methods whose promise stands in the interface they satisfy.
var wellKnown = []string{"Error", "Unwrap", "Is", "String", "ServeHTTP", "Read", "Write", "MarshalJSON", "UnmarshalJSON"}

// checkDocumented wants a comment on every exported name of the code. One
// comment may speak for a group of constants or variables.
func checkDocumented(t *tree) []string {
	var problems []string
	for _, s := range t.handwritten() {
		for _, d := range s.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && onExportedType(d) {
					problems = append(problems, t.at(d.Pos(), "%s is exported and not documented", d.Name.Name))
				}
			case *ast.GenDecl:
				problems = append(problems, undocumented(t, d)...)
			}
		}
	}
	return problems
}

// onExportedType tells functions and the methods of exported types, but for the
// well-known ones.
func onExportedType(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	if slices.Contains(wellKnown, f.Name.Name) {
		return false
	}
	e := f.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if index, ok := e.(*ast.IndexExpr); ok {
		e = index.X
	}
	id, ok := e.(*ast.Ident)
	return !ok || id.IsExported()
}

// undocumented lists the exported names of a declaration without a comment.
func undocumented(t *tree, d *ast.GenDecl) []string {
	var problems []string
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Doc == nil && d.Doc == nil {
				problems = append(problems, t.at(spec.Pos(), "%s is exported and not documented", spec.Name.Name))
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && spec.Doc == nil && spec.Comment == nil && d.Doc == nil {
					problems = append(problems, t.at(name.Pos(), "%s is exported and not documented", name.Name))
				}
			}
		}
	}
	return problems
}

// checkParameters counts what a function is handed.
func checkParameters(t *tree) []string {
	var problems []string
	functions(t.handwritten(), func(_ *source, f *ast.FuncDecl) {
		if n := f.Type.Params.NumFields(); n > maxParameters {
			problems = append(problems, t.at(f.Pos(), "%s has %d parameters, the budget is %d", f.Name.Name, n, maxParameters))
		}
	})
	return problems
}

// checkTestsOutweigh compares the lines of tests and code in the pure packages.
func checkTestsOutweigh(t *tree) []string {
	code, tests := map[string]int{}, map[string]int{}
	for _, s := range t.golang() {
		if s.isTest() {
			tests[folder(s.path)] += s.statements()
		} else if !ast.IsGenerated(s.syntax) {
			code[folder(s.path)] += s.statements()
		}
	}
	for _, s := range t.files { // cases are files too
		dir, _, inside := strings.Cut(s.path, "/testdata/")
		if inside && (slices.Contains([]string{".txtar", ".txt", ".json"}, path.Ext(s.path))) {
			tests[dir] += s.lines()
		}
	}
	var problems []string
	for _, dir := range pure {
		if tests[dir] < code[dir] {
			problems = append(problems, fmt.Sprintf("%s: %d lines of tests for %d lines of code", dir, tests[dir], code[dir]))
		}
	}
	return problems
}
