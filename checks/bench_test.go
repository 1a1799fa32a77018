package checks

import (
	"fmt"
	"testing"
)

// BenchmarkEvaluate judges and renders 50 changed files in a tree of 20,000, half of them not the agent's.
func BenchmarkEvaluate(b *testing.B) {
	c, f := example(b), goodFacts()
	for i := range 20000 {
		f.Touched.Landed = append(f.Touched.Landed, fmt.Sprintf("src/lib/%d/%d/file%d.ts", i%100, i%7, i))
	}
	for i := range 25 {
		touch(&f, modified(fmt.Sprintf("src/components/search/%d.ts", i)), modified(fmt.Sprintf("src/lib/%d.ts", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if docs := Render(Evaluate(c, f)); len(docs) != 3 {
			b.Fatal(docs)
		}
	}
}

// BenchmarkRenderMany renders 5,000 findings, whose JSON does not fit.
func BenchmarkRenderMany(b *testing.B) {
	c, f := example(b), goodFacts()
	for i := range 5000 {
		touch(&f, modified(fmt.Sprintf("src/lib/%d.ts", i)))
	}
	r := Evaluate(c, f)
	b.ReportAllocs()
	for b.Loop() {
		if docs := Render(r); len(docs) != 3 {
			b.Fatal(docs)
		}
	}
}
