package main

import (
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/sim"
)

// parityContract owns little, so that the fixtures can leave it in many ways.
const parityContract = `version: 1
integration: { branch: integration/next, target: main }
agents:
  search:
    branch: agent/search
    owns: [src/pages/, src/components/, shared/]
    never: [src/content/]
  metadata:
    branch: agent/metadata
    owns: [src/content/, shared/]
interfaces:
  schema: { paths: [src/pages/schema.ts], consumers: [src/components/], by: ["@mona"] }
approvals:
  secrets: deny
`

// paritySchema is the interface, as the base has it.
const paritySchema = `export const schema = z.object({
  title: z.string(),
  tags: z.array(z.string()),
});
export function read(path: string) { return path; }
`

// evidenceContract asks for something of each kind.
const evidenceContract = parityContract + `verification:
  check:
    run: sh check.sh
    evidence: { workflow: .github/workflows/ci.yml, job: check }
  preview:
    evidence: { check: preview, app: previewer }
  deployed:
    evidence: { status: ci/deployed, creator: mona }
  manual: { run: make manual }
  filters: { expect: The list still filters }
  notes: { sections: [Commands run, Remaining risk] }
harness: [check.sh]
`

const parityWorkflow = `name: ci
on: [push]
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: sh check.sh
`

// fixture is one change of the search agent, made on the base's files.
type fixture struct {
	why      string
	contract string            // of the default branch; "" means parityContract
	start    map[string]string // files of the default branch besides the usual ones
	commit   sim.Commit
	base     sim.Commit // what happens on the integration branch meanwhile
	body     string     // of the pull request; HEAD stands for its head
	clean    bool       // both find nothing
	never    []string   // requirements that no CI could show
}

// notes is the body of the pull request at a head.
func (f fixture) notes(head string) string { return strings.ReplaceAll(f.body, "HEAD", head) }

// files are pairs of a path and a content.
func files(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func ownershipFixtures() []fixture {
	many := files()
	for i := range 5001 {
		many[fmt.Sprintf("src/pages/%d.astro", i)] = "x\n"
	}
	return []fixture{
		{why: "in order", clean: true, commit: sim.Commit{Files: files("src/pages/a.astro", "b\n")}},
		{why: "outside", commit: sim.Commit{Files: files("README.md", "x\n", "src/pages/a.astro", "b\n")}},
		{why: "another's and never", commit: sim.Commit{Files: files("src/content/config.ts", "x\n")}},
		{why: "owned by two", commit: sim.Commit{Files: files("shared/a.ts", "x\n")}},
		{why: "renamed out of another's folder", commit: sim.Commit{
			Files: files("src/pages/config.ts", "export const tags = [];\n"), Delete: []string{"src/content/config.ts"},
		}},
		{why: "only the mode", commit: sim.Commit{Files: files("README.md", "# blog\n"), Executable: []string{"README.md"}}},
		{why: "a symbolic link", commit: sim.Commit{Files: files("src/pages/l", "../content"), Links: []string{"src/pages/l"}}},
		{why: "a submodule", commit: sim.Commit{
			Files: files("src/pages/m", "0123456789012345678901234567890123456789"), Modules: []string{"src/pages/m"},
		}},
		{why: "names that hide", commit: sim.Commit{Files: files("src/pages/a\nb", "x\n", "src/pages/\xff", "x\n", "src/pages/a\u202eb", "x\n", "src/pages/`@octo` fixes #1", "x\n")}},
		{why: "a twin in another case", commit: sim.Commit{Files: files("src/pages/A.astro", "x\n")}},
		{why: "conflicting", commit: sim.Commit{Files: files("src/pages/a.astro", "b\n")}, base: sim.Commit{Files: files("src/pages/a.astro", "c\n")}},
		{why: "nothing", commit: sim.Commit{}},
		{why: "too many", commit: sim.Commit{Files: many}},
	}
}

func reviewFixtures() []fixture {
	renamed := strings.Replace(paritySchema, "tags:", "labels:", 1)
	return []fixture{
		{why: "classes", commit: sim.Commit{Files: files(
			"package-lock.json", "{}\n", ".github/workflows/ci.yml", "on: push\n", ".env", "KEY=1\n", "CLAUDE.md", "x\n", ".gitattributes", "* text\n",
		)}},
		{why: "generated", commit: sim.Commit{Files: files("src/pages/dist/a.js", "x\n", "src/pages/b.min.js", "x\n")}},
		{why: "a field of an interface is renamed under its user", commit: sim.Commit{Files: files("src/pages/schema.ts", renamed)}},
		{why: "a function of an interface changes", commit: sim.Commit{Files: files("src/pages/schema.ts", strings.Replace(paritySchema, "path: string)", "path: URL)", 1))}},
		{why: "an interface is deleted", commit: sim.Commit{Delete: []string{"src/pages/schema.ts"}}},
		{why: "an interface becomes a link", commit: sim.Commit{Files: files("src/pages/schema.ts", "a.astro"), Links: []string{"src/pages/schema.ts"}}},
		{why: "an interface of bytes", commit: sim.Commit{Files: files("src/pages/schema.ts", "\x00\xff")}},
		{why: "a field that landed under another name is used",
			commit: sim.Commit{Files: files("src/pages/b.ts", "export const n = post.tags.length;\n")},
			base:   sim.Commit{Files: files("src/pages/schema.ts", renamed)}},
		{why: "the same interface changed on the base",
			commit: sim.Commit{Files: files("src/pages/schema.ts", paritySchema+"export const more = 1;\n")},
			base:   sim.Commit{Files: files("src/components/list.ts", "export const tagged = (post) => post.title;\n")}},
	}
}

func proposalFixtures() []fixture {
	wider := strings.Replace(parityContract, "owns: [src/content/, shared/]", "owns: [src/content/, README.md, nowhere/]", 1)
	propose := func(text string) sim.Commit { return sim.Commit{Files: files(".agentplane.yml", text)} }
	return []fixture{
		{why: "the contract", commit: propose(parityContract + "# more\n")},
		{why: "the contract gives paths to others", commit: propose(wider)},
		{why: "the contract is broken", commit: propose("version: 2\nagents: { search: { owns: ['!x'] } }\n")},
		{why: "the contract is deleted", commit: sim.Commit{Delete: []string{".agentplane.yml"}}},
		{why: "the contract becomes a link", commit: sim.Commit{Files: files(".agentplane.yml", "README.md"), Links: []string{".agentplane.yml"}}},
		{why: "the contract grows too large", commit: propose(parityContract + strings.Repeat("# more\n", 10_000))},
		{why: "a broken contract is mended", contract: "version: 2\n", commit: propose(parityContract)},
		{why: "a broken contract is broken again", contract: "version: 2\n", commit: propose("version: 3\n")},
	}
}

// parityNotes are in order.
const parityNotes = "## Commands run\n\n- `make manual`: exit 0\n- The list still filters\n\n## Remaining risk\n\nNone is known.\n\n" + parityBlock

const parityBlock = "```agentplane\nhead: HEAD\nagent: search\ncommands:\n  - { id: check, run: sh check.sh, exit: 0 }\n  - { id: manual, run: make manual, exit: 0 }\nstatements:\n  - filters\n```\n"

func evidenceFixtures() []fixture {
	work := sim.Commit{Files: files("src/pages/a.astro", "b\n")}
	noted := func(why, body string) fixture {
		return fixture{why: why, contract: evidenceContract, start: files(".github/workflows/ci.yml", parityWorkflow), commit: work, body: body}
	}
	run := func(why, workflow string) fixture {
		f := noted(why, parityNotes)
		f.start, f.never = files(".github/workflows/ci.yml", workflow), []string{"check"}
		return f
	}
	edit := func(old, now string) string { return strings.Replace(parityWorkflow, old, now, 1) }
	said := func(old, now string) string { return strings.Replace(parityNotes, old, now, 1) }
	good, failing := noted("shown", parityNotes), noted("claimed, and CI fails", parityNotes)
	good.clean = true
	failing.start["check.sh"], failing.clean = "exit 3\n", true
	harness, broken, gone := noted("the harness is changed", parityNotes), run("its own workflow runs it no more", parityWorkflow), run("its own workflow is deleted", parityWorkflow)
	harness.commit = sim.Commit{Files: files("check.sh", "true # faster\n")}
	broken.commit = sim.Commit{Files: files(".github/workflows/ci.yml", edit("sh check.sh", "true"))}
	gone.commit = sim.Commit{Delete: []string{".github/workflows/ci.yml"}}
	silent := run("no workflow", "")
	silent.start = nil
	return []fixture{
		good, failing, harness, broken, gone, silent,
		noted("no notes", ""),
		noted("notes of another head", said("HEAD", strings.Repeat("d", 40))),
		noted("notes of another agent", said("agent: search", "agent: metadata")),
		noted("notes of another command", said("run: make manual,", "run: true,")),
		noted("notes that admit a failure", said("manual, exit: 0", "manual, exit: 2")),
		noted("notes without a statement", strings.ReplaceAll(strings.Replace(parityNotes, "statements:\n  - filters\n", "", 1), "- The list still filters\n", "")),
		noted("notes without a section", said("## Remaining risk", "## Other risks")),
		noted("notes with two blocks", parityNotes+"\n"+parityBlock),
		noted("notes with a broken block", said("commands:", "commands: [")),
		noted("notes that are too long", parityNotes+strings.Repeat("é", 40_000)),
		noted("notes with unknown names", said("- filters", "- filters\n  - nothing")),
		noted("notes that quote and hide", "> "+strings.ReplaceAll(parityNotes, "\n", "\n> ")+"\n\n<!--\n"+parityNotes+"-->\n"),
		run("a step that runs more", edit("sh check.sh", "sh check.sh || true")),
		run("a job that may fail", edit("runs-on:", "continue-on-error: true\n    runs-on:")),
		run("no such job", edit("  check:", "  checks:")),
		run("a step of that name", edit("run: sh check.sh", "name: sh check.sh\n        run: true")),
		run("a workflow that is none", "jobs: [\n"),
	}
}
