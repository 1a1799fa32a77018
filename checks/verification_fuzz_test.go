package checks

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzNotes reads any body: nothing panics, bounds hold, claims need the command's own bytes, and what is rendered keeps
// GitHub's limits and stays inert.
func FuzzNotes(f *testing.F) {
	f.Add(goodNotes)
	f.Add("## Commands run\n\n| a |\n|---|\n| `make docs` |\n\n- [ ] x <!-- `y` -->\n\n> z\n")
	f.Add("```agentplane\nhead: &a x\n```\n~~~\n")
	f.Add("1. > - # Commands run\n`\n``` \u202e\n<details>")
	f.Add(strings.Repeat("> ", 300))
	c := verification(f)
	f.Fuzz(func(t *testing.T, body string) {
		facts := shownFacts(t)
		facts.Body = body
		n := readNotes(body, facts.Head.SHA, nil)
		if len(n.rows) > maxNoteRows || len(n.stated) > maxNoteRows || len(n.block.commands) > maxBlockCommands {
			t.Errorf("%d rows, %d statements, %d commands", len(n.rows), len(n.stated), len(n.block.commands))
		}
		r := Evaluate(c, facts)
		if r.Matrix[3].State == RowShown && !strings.Contains(collapsed(strings.ReplaceAll(body, "\\", " ")), "make") {
			t.Errorf("make docs is claimed by %q", body)
		}
		for _, d := range Render(r) {
			for _, s := range []string{d.Summary, d.Text} {
				if len(s) > MaxText || !utf8.ValidString(s) {
					t.Errorf("%d bytes, or not UTF-8", len(s))
				}
				spans(t, s, nil)
			}
			holdFence(t, d.Text)
		}
	})
}

// FuzzBlock reads any block: one that has problems counts for nothing.
func FuzzBlock(f *testing.F) {
	f.Add("head: " + strings.Repeat("a", 40) + "\nagent: search\ncommands: [{ id: a, run: b, exit: 0 }]\nstatements: [x]\ntokens: 1\ncost_usd: .5\n")
	f.Add("{a: &x 1, b: *x}")
	f.Add("- !!binary x\n")
	f.Add("commands: {}\nstatements:\nhead: 1\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, problems := readBlock(text)
		if len(problems) == 0 && (!fullSHA.MatchString(b.head) || b.agent == "" || len(b.commands) > maxBlockCommands) {
			t.Errorf("%q is read as %+v", text, b)
		}
		for _, p := range problems {
			if inert(p) != p && len(p) < longestProse {
				t.Errorf("a problem is no prose of ours: %q", p)
			}
		}
	})
}

// FuzzWorkflow reads any workflow file: what is evidence in it has the command's own text and nothing that forgives.
func FuzzWorkflow(f *testing.F) {
	f.Add(string(readFile(f, "testdata/ci.yml")))
	f.Add("jobs:\n  check:\n    strategy: { matrix: { a: [1, 2], b: [x] } }\n    steps: [{ run: npm run check, shell: bash }]\n")
	f.Add("defaults: { run: { shell: sh, working-directory: x } }\njobs: { check: { steps: [{ run: \"npm run \\\\\\n check\" }] } }")
	f.Add("jobs: { check: { name: '${{ x }}', uses: a, steps: x, continue-on-error: false } }")
	c := verification(f)
	f.Fuzz(func(t *testing.T, src string) {
		facts := shownFacts(t)
		facts.CI.Workflows[ciFile] = src
		r := Evaluate(c, facts)
		if r.Matrix[0].State == RowShown && (!strings.Contains(src, "npm") || !strings.Contains(src, "check")) {
			t.Errorf("%q is evidence of npm run check", src)
		}
		if w, why := readWorkflow(src); why == "" {
			for _, job := range w.jobs {
				if job.unusable == "" && (job.legs < 1 || job.legs > maxWorkflowLegs || len(job.steps) > maxWorkflowSteps) {
					t.Errorf("%+v", job)
				}
			}
		}
		spans(t, Render(r)[1].Summary, nil)
	})
}
