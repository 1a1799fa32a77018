package checks

import (
	"strings"
	"testing"
	"time"
)

// TestForgedEvidence plays attacks on what has to be shown. Each starts from facts that show everything and plays one
// forgery; the requirement that it is about must then not be shown, by the rule that says so.
func TestForgedEvidence(t *testing.T) {
	job := func(f *Facts) *RunJob { return &f.CI.Runs[0].Jobs[0] }
	file := func(f *Facts, src string) { f.CI.Workflows[ciFile] = src }
	step := func(f *Facts, yaml string) {
		file(f, "on: push\njobs:\n  check:\n    steps:\n      - uses: actions/checkout@v4\n      - "+yaml+"\n")
	}
	checkRun := func(f *Facts) *CheckRun { return &f.CI.CheckRuns[0] }
	for _, tc := range []struct {
		attack string
		play   func(f *Facts)
		target string
		want   RuleID
	}{
		{"a check run of the same name by another App", func(f *Facts) { checkRun(f).App, checkRun(f).AppID = "evil", 6 }, "build", RuleWaiting},
		{"a check run of an App that is not known", func(f *Facts) { checkRun(f).App, checkRun(f).AppID = "", 0 }, "build", RuleWaiting},
		{"a slug in another case", func(f *Facts) { checkRun(f).App = "Builder" }, "build", RuleWaiting},
		{"a newer failure beside a success", func(f *Facts) {
			later := *checkRun(f)
			later.ID, later.Conclusion = later.ID+1, "failure"
			f.CI.CheckRuns = append([]CheckRun{later}, f.CI.CheckRuns...)
		}, "build", RuleFailed},
		{"a check run of another commit", func(f *Facts) { checkRun(f).SHA = strings.Repeat("d", 40) }, "build", RuleWaiting},
		{"a check run that was skipped", func(f *Facts) { checkRun(f).Conclusion = "skipped" }, "build", RuleMissing},
		{"a check run that ended neutral", func(f *Facts) { checkRun(f).Conclusion = "neutral" }, "build", RuleMissing},
		{"a check run that is stale", func(f *Facts) { checkRun(f).Conclusion = "stale" }, "build", RuleMissing},
		{"a conclusion that nobody knows", func(f *Facts) { checkRun(f).Conclusion = "Success" }, "build", RuleMissing},
		{"a success that is not completed", func(f *Facts) { checkRun(f).Status = "in_progress" }, "build", RuleWaiting},
		{"a status by somebody else", func(f *Facts) { f.CI.Statuses[0].Creator = Account{ID: 5, Login: "mona"} }, "preview", RuleWaiting},
		{"a status by a login that looks alike", func(f *Facts) { f.CI.Statuses[0].Creator.Login = "prevíew[bot]" }, "preview", RuleWaiting},
		{"a status by an account that is not known", func(f *Facts) { f.CI.Statuses[0].Creator.ID = 0 }, "preview", RuleWaiting},
		{"a status in another spelling", func(f *Facts) { f.CI.Statuses[0].Context = "CI/preview" }, "preview", RuleWaiting},
		{"an older success beside a newer failure", func(f *Facts) {
			later := f.CI.Statuses[0]
			later.State, later.At = "failure", later.At.Add(time.Second)
			f.CI.Statuses = append(f.CI.Statuses, later)
		}, "preview", RuleFailed},
		{"two statuses at once", func(f *Facts) {
			other := f.CI.Statuses[0]
			other.State = "error"
			f.CI.Statuses = append(f.CI.Statuses, other)
		}, "preview", RuleFailed},

		{"a run of another workflow file", func(f *Facts) { f.CI.Runs[0].Workflow = ".github/workflows/other.yml" }, "check", RuleWaiting},
		{"a run of a fork's branch at the same commit", func(f *Facts) { f.CI.Runs[0].Repo = 99 }, "check", RuleWaiting},
		{"a run of a deleted repository", func(f *Facts) { f.CI.Runs[0].Repo = 0 }, "check", RuleWaiting},
		{"a run by pull_request_target", func(f *Facts) { f.CI.Runs[0].Event = "pull_request_target" }, "check", RuleWaiting},
		{"a run by hand", func(f *Facts) { f.CI.Runs[0].Event = "workflow_dispatch" }, "check", RuleWaiting},
		{"a run of another commit whose tree is not known", func(f *Facts) { f.CI.Runs[0].SHA, f.CI.Runs[0].Tree = strings.Repeat("d", 40), "" }, "check", RuleWaiting},
		{"no tree of the head, and none of the run", func(f *Facts) { f.CI.Runs[0].SHA, f.HeadTree = strings.Repeat("d", 40), "" }, "check", RuleWaiting},
		{"a re-run that failed", func(f *Facts) {
			again := f.CI.Runs[0]
			again.ID, again.Created = again.ID+1, again.Created.Add(-time.Hour) // ids decide, not times
			again.Jobs = []RunJob{{Name: "check", Status: "completed", Conclusion: "failure"}}
			f.CI.Runs = append([]Run{again}, f.CI.Runs...)
		}, "check", RuleFailed},
		{"a failure of the other event", func(f *Facts) {
			push := f.CI.Runs[0]
			push.ID, push.Event, push.Jobs = 1, "push", []RunJob{{Name: "check", Status: "completed", Conclusion: "timed_out"}}
			f.CI.Runs = append(f.CI.Runs, push)
		}, "check", RuleFailed},
		{"a newer run that was cancelled", func(f *Facts) {
			again := f.CI.Runs[0]
			again.ID, again.Jobs = again.ID+1, []RunJob{{Name: "check", Status: "completed", Conclusion: "cancelled"}}
			f.CI.Runs = append(f.CI.Runs, again)
		}, "check", RuleUnobserved},
		{"a job of another name", func(f *Facts) { job(f).Name = "Check" }, "check", RuleUnobserved},
		{"two jobs of one name", func(f *Facts) { f.CI.Runs[0].Jobs = append(f.CI.Runs[0].Jobs, f.CI.Runs[0].Jobs[0]) }, "check", RuleUnobserved},
		{"a step that was skipped in a job that passed", func(f *Facts) { job(f).Steps[3].Conclusion = "skipped" }, "check", RuleUnobserved},
		{"a step that failed in a job that passed", func(f *Facts) { job(f).Steps[3].Conclusion = "failure" }, "check", RuleFailed},
		{"a step that is not there", func(f *Facts) { job(f).Steps = job(f).Steps[:3] }, "check", RuleUnobserved},
		{"a step that another action names so", func(f *Facts) { job(f).Steps[2].Name = "Run npm run check" }, "check", RuleUnobserved},
		{"no steps at all", func(f *Facts) { job(f).Steps = nil }, "check", RuleUnobserved},

		{"a step that is only called so", func(f *Facts) { step(f, "{ name: Run npm run check, run: 'true' }") }, "check", RuleUnobserved},
		{"a command that cannot fail", func(f *Facts) { step(f, "{ name: Run npm run check, run: 'npm run check || true' }") }, "check", RuleUnobserved},
		{"a script with the command in it", func(f *Facts) { step(f, "run: |\n          npm run check\n          true") }, "check", RuleUnobserved},
		{"a script that leaves first", func(f *Facts) { step(f, "run: |\n          exit 0\n          npm run check") }, "check", RuleUnobserved},
		{"a step that may fail", func(f *Facts) { step(f, "{ run: npm run check, continue-on-error: true }") }, "check", RuleUnobserved},
		{"a step that may fail, by an expression", func(f *Facts) { step(f, "{ run: npm run check, continue-on-error: '${{ true }}' }") }, "check", RuleUnobserved},
		{"a step that may fail, in quotes", func(f *Facts) { step(f, "{ run: npm run check, continue-on-error: 'true' }") }, "check", RuleUnobserved},
		{"a shell that does nothing", func(f *Facts) { step(f, "{ run: npm run check, shell: 'true {0}' }") }, "check", RuleUnobserved},
		{"a shell of the job that does nothing", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    defaults: { run: { shell: cat } }\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"a shell of the workflow that does nothing", func(f *Facts) {
			file(f, "on: push\ndefaults: { run: { shell: 'echo {0}' } }\njobs:\n  check:\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"another directory", func(f *Facts) { step(f, "{ run: npm run check, working-directory: empty }") }, "check", RuleUnobserved},
		{"another directory by default", func(f *Facts) {
			file(f, "on: push\ndefaults: { run: { working-directory: empty } }\njobs:\n  check:\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"a directory above", func(f *Facts) { step(f, "{ run: npm run check, working-directory: .. }") }, "check", RuleUnobserved},
		{"a job that may fail", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    continue-on-error: true\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"a command with a letter that looks alike", func(f *Facts) { step(f, "run: npm run chеck") }, "check", RuleUnobserved}, // a Cyrillic е
		{"a command in capitals", func(f *Facts) { step(f, "run: NPM run check") }, "check", RuleUnobserved},
		{"a command of an expression", func(f *Facts) { step(f, "run: '${{ inputs.command }}'") }, "check", RuleUnobserved},
		{"a name of an expression", func(f *Facts) { step(f, "{ name: '${{ github.actor }}', run: npm run check }") }, "check", RuleUnobserved},
		{"a reusable workflow", func(f *Facts) { file(f, "on: push\njobs:\n  check:\n    uses: ./.github/workflows/x.yml\n") }, "check", RuleUnobserved},
		{"an empty matrix", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    strategy: { matrix: { n: [] } }\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"a matrix of an expression", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    strategy: { matrix: '${{ fromJSON(1) }}' }\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"a matrix of which one run is missing", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    strategy: { matrix: { n: [18, 20] } }\n    steps: [{ run: npm run check }]\n")
			job(f).Name = "check (18)"
		}, "check", RuleUnobserved},
		{"another job whose name is an expression", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    steps: [{ run: npm run check }]\n  other:\n    name: '${{ github.actor }}'\n    steps: [{ run: x }]\n")
		}, "check", RuleUnobserved},
		{"another job of the same name", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    steps: [{ run: npm run check }]\n  other:\n    name: check\n    steps: [{ run: x }]\n")
		}, "check", RuleUnobserved},
		{"a workflow with an alias", func(f *Facts) {
			file(f, "on: push\njobs:\n  check: &x\n    steps: [{ run: npm run check }]\n  y: *x\n")
		}, "check", RuleUnobserved},
		{"a workflow with the job twice", func(f *Facts) {
			file(f, "on: push\njobs:\n  check:\n    steps: [{ run: npm run check }]\n  check:\n    steps: [{ run: x }]\n")
		}, "check", RuleUnobserved},
		{"a workflow of two documents", func(f *Facts) {
			file(f, "jobs: {}\n---\non: push\njobs:\n  check:\n    steps: [{ run: npm run check }]\n")
		}, "check", RuleUnobserved},
		{"a workflow that is too large", func(f *Facts) { file(f, f.CI.Workflows[ciFile]+strings.Repeat("#\n", maxWorkflow)) }, "check", RuleUnobserved},
		{"no workflow", func(f *Facts) { f.CI.Workflows = nil }, "check", RuleUnobserved},
	} {
		f := shownFacts(t)
		tc.play(&f)
		r := Evaluate(verification(t), f)
		row := r.Matrix[map[string]int{"check": 0, "build": 1, "preview": 2}[tc.target]]
		if row.State == RowShown || row.Evidence == LevelObserved || len(byRule(r.Findings, tc.want)) == 0 || r.Verdict() == Success {
			t.Errorf("%s: %+v, want %s: %v", tc.attack, row, tc.want, rulesOf(r))
		}
	}
}

// TestForgedNotes plays attacks on the notes: none of these bodies claims anything.
func TestForgedNotes(t *testing.T) {
	block := "```agentplane\nhead: " + strings.Repeat("a", 40) + "\nagent: search\ncommands:\n  - { id: docs-build, run: make docs, exit: 0 }\nstatements: [filters]\n```\n"
	quoted := func(s, mark string) string {
		return mark + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n"+mark) + "\n"
	}
	for why, body := range map[string]string{
		"quoted":                       quoted(block, "> "),
		"indented":                     quoted(block, "    "),
		"in a list":                    "- x\n\n" + quoted(block, "  "),
		"fenced in Markdown":           "````markdown\n" + block + "````\n",
		"in tildes":                    "~~~md\n" + block + "~~~\n",
		"in a comment":                 "<!--\n" + block + "-->\n",
		"in a comment that never ends": "<!--\n" + block,
		"preformatted":                 "<pre>\n" + block + "</pre>\n",
		"another language":             strings.Replace(block, "agentplane", "agentplane.yml", 1),
		"another case":                 strings.Replace(block, "agentplane", "Agentplane", 1),
		"twice":                        block + "\n" + block,
		"of 65 KB":                     block + strings.Repeat("x", maxBody),
		"too large":                    strings.Replace(block, "agent: search", "agent: search\n#"+strings.Repeat("x", maxBlock), 1),
		"with an alias":                strings.Replace(block, "[filters]", "&x [filters]", 1),
		"with a tag":                   strings.Replace(block, "[filters]", "!!seq [filters]", 1),
		"with a key twice":             strings.Replace(block, "agent: search", "agent: search\nagent: search", 1),
		"with an unknown key":          strings.Replace(block, "agent: search", "agent: search\nowner: me", 1),
		"of a short commit":            strings.Replace(block, strings.Repeat("a", 40), strings.Repeat("a", 12), 1),
		"of another commit":            strings.Replace(block, strings.Repeat("a", 40), strings.Repeat("b", 40), 1),
		"a table of the bot's":         "| requirement | state |\n|---|---|\n| `make docs` | shown |\n| filters | The list still filters by text and tag |\n",
		"a heading that looks alike":   "## Соmmands run\n\n- `make docs`: exit 0\n- The list still filters by text and tag\n",
		"a command that looks alike":   "## Commands run\n\n- `mаke docs`: exit 0\n- The list still filters by text and tаg\n",
		"a command with more":          "## Commands run\n\n- `make docs || true`\n- `cd x; make docs`\n",
		"a command in a quote":         "## Commands run\n\n> - `make docs`\n> - The list still filters by text and tag\n",
		"a command in a comment":       "## Commands run\n\n<!-- `make docs` The list still filters by text and tag -->\n\nx <!-- `make docs` --> y\n",
		"an open box":                  "## Commands run\n\n- [ ] `make docs`\n- [ ] The list still filters by text and tag\n",
		"a failure":                    "## Commands run\n\n- `make docs`: exit 2\n- not: The list still filters by text and tag\n",
		"a fence of output":            "## Commands run\n\n```text\nmake docs\n```\n",
		"a section that has ended":     "## Commands run\n\nx\n\n## Then\n\n- `make docs`\n- The list still filters by text and tag\n",
		"a heading in a quote":         "> ## Commands run\n\n- `make docs`\n- The list still filters by text and tag\n",
		"a commit of before":           "## Commands run\n\nAt 1234abc:\n\n- `make docs`\n- The list still filters by text and tag\n",
	} {
		f := shownFacts(t)
		f.Body = body
		r := Evaluate(verification(t), f)
		got := cells(r)
		for _, q := range []string{"docs-build", "filters"} {
			if strings.Contains(got[q], "shown") || strings.Contains(got[q], "claimed claimed") {
				t.Errorf("%s: %s is %q", why, q, got[q])
			}
		}
		if r.check(CheckVerification).Verdict != Failure {
			t.Errorf("%s: it does not fail", why)
		}
		for _, d := range Render(r) {
			holdDocument(t, d)
		}
	}
}

// TestNotesCount reads the forms in which notes may be written: each of these bodies claims the command and the statement.
func TestNotesCount(t *testing.T) {
	rest := "\n## Remaining risk\n\nNone.\n"
	for why, body := range map[string]string{
		"a list":             "## Commands run\n\n- `make docs`\n- The list still filters by text and tag\n",
		"ordered, with ends": "## Commands run\n\n1. `make docs` exit code 0\n2. Checked: The list still filters by  text and tag.\n",
		"ticked":             "### COMMANDS-RUN:\n\n- [x] `make docs`\n- [x] The list still filters by text and tag\n",
		"a table":            "# Commands run\n\n| command | result |\n|---|---|\n| `make docs` | passed, 0 errors |\n\n- The list still filters by text and tag\n",
		"a shell":            "Commands run\n---\n\n```sh\n# first\nmake docs\n```\n\n* The list still filters by text and tag\n",
		"a prompt":           "## Commands run\n\n```console\n$ make docs\nok, no errors\n```\n\n- The list still filters by text and tag\n",
		"a continued line":   "## Commands run\n\n```\nmake \\\n  docs\n```\n- The list still filters by text and tag\n",
		"of the head":        "## Commands run\n\nAt aaaaaaa, after 1234abc:\n\n- `make docs`\n- The list still filters by text and tag\n",
		"details":            "<details>\n<summary>Notes</summary>\n\n## Commands run\n\n- `make docs`\n- The list still filters by text and tag\n\n</details>\n",
		"a nested section":   "## Commands run\n\n### Locally\n\n- `make docs`\n  - The list still filters by text and tag\n",
		"carriage returns":   "## Commands run\r\n\r\n- `make docs`\r\n- The list still filters by text and tag\r\n",
	} {
		f := shownFacts(t)
		f.Body = body + rest
		if r := Evaluate(verification(t), f); r.Verdict() != Success {
			t.Errorf("%s: %v %v", why, cells(r), rulesOf(r))
		}
	}
}

// TestNotesAreReadInTime reads texts that make Markdown readers slow.
func TestNotesAreReadInTime(t *testing.T) {
	for why, unit := range map[string]string{
		"quotes": "> ", "lists": "- ", "nested lists": "\n - ", "stars": "*a_ ", "brackets": "[", "images": "![](", "backticks": "`a``b```c",
		"tables": "|", "table rows": "| a |\n|---|\n", "comments": "<!--", "tags": "<a ", "fences": "```\n~~~\n", "headings": "# a\n", "numbers": "1. ",
		"breaks": "---\n", "letters": "x", "entities": "&amp;", "indents": "\t", "deep": "> - ", "hex": "deadbee1 ", "setext": "a\n=\n",
	} {
		begin := time.Now()
		readNotes("## Commands run\n\n"+strings.Repeat(unit, (maxBody-20)/len(unit)), strings.Repeat("a", 40), nil)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%s: 64 KiB take %s", why, took)
		}
	}
}
