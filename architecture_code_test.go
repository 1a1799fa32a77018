package agentplane_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// The budget, in lines; a median needs a few functions to mean anything.
const (
	maxFile       = 400
	maxFunction   = 60
	maxTypeSwitch = 80
	maxMedian     = 12
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
		if median := all[len(all)/2]; len(all) >= medianNeeds && median > maxMedian {
			problems = append(problems, fmt.Sprintf("%s: the median function has %d lines, the budget is %d", dir, median, maxMedian))
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

// checkNoInit wants no init function, in tests neither.
func checkNoInit(t *tree) []string {
	var problems []string
	functions(t.golang(), func(_ *source, f *ast.FuncDecl) {
		if f.Recv == nil && f.Name.Name == "init" {
			problems = append(problems, t.at(f.Pos(), "an init function"))
		}
	})
	return problems
}

// checkSleepAndSkip wants no time.Sleep anywhere, and no skipped test.
func checkSleepAndSkip(t *tree) []string {
	var problems []string
	for _, s := range t.golang() {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			skips := []string{"Skip", "Skipf", "SkipNow"}
			if isName(sel.X, "time") && sel.Sel.Name == "Sleep" {
				problems = append(problems, t.at(n.Pos(), "time.Sleep: wait for a condition, a timer and the context together"))
			}
			if s.isTest() && isName(sel.X, "t", "tb", "b", "f") && slices.Contains(skips, sel.Sel.Name) {
				problems = append(problems, t.at(n.Pos(), "a test that can be skipped: it fails, or the machine is set up for it"))
			}
			return true
		})
	}
	return problems
}

// checkTestsOutweigh compares the lines of tests and code in the pure packages.
func checkTestsOutweigh(t *tree) []string {
	code, tests := map[string]int{}, map[string]int{}
	for _, s := range t.golang() {
		if s.isTest() {
			tests[folder(s.path)] += s.lines()
		} else if !ast.IsGenerated(s.syntax) {
			code[folder(s.path)] += s.lines()
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

// checkPackageVariables allows variables that are constants in all but name:
// they have a value from the start, of a kind that cannot be changed without
// being named, and no function changes them.
func checkPackageVariables(t *tree) []string {
	var problems []string
	variables := map[string]map[string]bool{}
	for _, s := range t.handwritten() {
		dir := folder(s.path)
		if variables[dir] == nil {
			variables[dir] = map[string]bool{}
		}
		for _, d := range s.syntax.Decls {
			if gen, ok := d.(*ast.GenDecl); ok && gen.Tok == token.VAR {
				problems = append(problems, variableProblems(t, gen, variables[dir])...)
			}
		}
	}
	functions(t.handwritten(), func(s *source, f *ast.FuncDecl) {
		problems = append(problems, changes(t, f, variables[folder(s.path)])...)
	})
	return problems
}

// variableProblems collects the names of a declaration and finds the values
// that are there to be changed.
func variableProblems(t *tree, gen *ast.GenDecl, names map[string]bool) []string {
	var problems []string
	for _, spec := range gen.Specs {
		spec := spec.(*ast.ValueSpec)
		for _, name := range spec.Names {
			if name.Name == "_" {
				continue
			}
			names[name.Name] = true
			switch embedded := strings.Contains(commentText(gen.Doc)+commentText(spec.Doc), "//go:embed "); {
			case embedded:
			case len(spec.Values) == 0:
				problems = append(problems, t.at(name.Pos(), "variable %s has no value: it is there to be changed", name.Name))
			case slices.ContainsFunc(spec.Values, changeable), spec.Type != nil && changeable(spec.Type):
				problems = append(problems, t.at(name.Pos(), "variable %s holds something that changes", name.Name))
			}
		}
	}
	return problems
}

// commentText is a comment with its directives.
func commentText(g *ast.CommentGroup) string {
	var b strings.Builder
	if g != nil {
		for _, c := range g.List {
			b.WriteString(c.Text + "\n")
		}
	}
	return b.String()
}

// changeable finds make, new, channels, and the types of sync in an expression.
// What sync.OnceValue makes is the same for everyone who asks, so it passes.
func changeable(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ChanType:
			found = true
		case *ast.CallExpr:
			found = found || isName(n.Fun, "make", "new")
		case *ast.SelectorExpr:
			found = found || isName(n.X, "sync", "atomic") && !strings.HasPrefix(n.Sel.Name, "OnceValue")
		}
		return true
	})
	return found
}

// changes finds assignments to package variables, and their addresses taken.
// A local name of the same spelling hides the variable for its whole function.
func changes(t *tree, f *ast.FuncDecl, variables map[string]bool) []string {
	var problems []string
	local := locals(f)
	report := func(e ast.Expr, how string) {
		if root := rootName(e); variables[root] && !local[root] {
			problems = append(problems, t.at(e.Pos(), "%s %s the package variable %s", f.Name.Name, how, root))
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				report(e, "changes")
			}
		case *ast.IncDecStmt:
			report(n.X, "changes")
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				report(n.X, "takes the address of")
			}
		case *ast.CallExpr:
			if isName(n.Fun, "delete", "clear") && len(n.Args) > 0 {
				report(n.Args[0], "changes")
			}
		}
		return true
	})
	return problems
}

// rootName is x in x, x.f, x[i] and *x.
func rootName(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return ""
		}
	}
}

// locals are the names a function declares: receiver, parameters, results,
// variables, also those of the functions inside it.
func locals(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				names[rootName(n.Key)], names[rootName(n.Value)] = true, true
			}
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					names[id.Name] = true
				}
			}
		}
		return true
	})
	return names
}
