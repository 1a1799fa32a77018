package agentplane_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkGoroutines wants conc, not go, in code.
func checkGoroutines(t *tree) []string {
	var problems []string
	for _, s := range t.handwritten() {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				problems = append(problems, t.at(g.Pos(), "a go statement: start it through conc"))
			}
			return true
		})
	}
	return problems
}

// checkContexts wants no context in a struct, but for the simulator, which is a
// world that ends as a whole.
func checkContexts(t *tree) []string {
	var problems []string
	for _, s := range t.handwritten() {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			st, ok := n.(*ast.StructType)
			if !ok || under(folder(s.path), "sim") {
				return true
			}
			for _, f := range st.Fields.List {
				if sel, ok := f.Type.(*ast.SelectorExpr); ok && isName(sel.X, "context") && sel.Sel.Name == "Context" {
					problems = append(problems, t.at(f.Pos(), "a context in a struct: hand it to the call"))
				}
			}
			return true
		})
	}
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
