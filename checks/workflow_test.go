package checks

import (
	"strings"
	"testing"

	"github.com/agentplane/agentplane/ownership"
)

// TestSteps finds the steps that are a command, or says why none is.
func TestSteps(t *testing.T) {
	for _, tc := range []struct {
		src, run, directory string
		want                string // names of the steps, or the reason
		why                 string
	}{
		{"steps: [{ run: make }]", "make", "", "Run make", "as it stands"},
		{"steps: [{ run: '  make  ' }]", "make", "", "Run make", "space at the ends"},
		{"steps: [{ name: Build, run: make }]", "make", "", "Build", "a name"},
		{"steps: [{ run: make, shell: bash }, { run: make, shell: sh }]", "make", "", "Run make, Run make", "twice, in shells that stop at an error"},
		{"steps: [{ run: make, continue-on-error: false }]", "make", "", "Run make", "a switch that is off"},
		{"steps: [{ run: make, if: always() }]", "make", "", "Run make", "whether it ran is what GitHub says"},
		{"steps:\n      - run: |\n          make \\\n            all\n", "make all", "", `Run make \`, "a continued line"},
		{"steps: [{ run: make, working-directory: ./web/ }]", "make", "web", "Run make", "another spelling of the directory"},
		{"defaults: { run: { working-directory: web } }\n    steps: [{ run: make }]", "make", "web", "Run make", "the job's directory"},
		{"defaults: { run: { working-directory: web } }\n    steps: [{ run: make, working-directory: . }]", "make", "", "Run make", "the step's beats the job's"},
		{"steps: [{ run: make, working-directory: '${{ x }}' }]", "make", "", "runs `make` in the directory `${{ x }}`, and the contract says `.`", "an expression"},
		{"steps: [{ run: make all }]", "make", "", "has no step whose run is `make`; the step `Run make all` runs more than that", "more"},
		{"steps: [{ run: make, shell: pwsh }]", "make", "", "runs `make` in a step that runs in the shell `pwsh`, which may do anything with the command", "another shell"},
		{"steps: [{ run: make, uses: x }]", "make", "", "runs `make` in a step that has both uses and run", "GitHub refuses that"},
		{"steps: [{ run: [make] }]", "make", "", "has no step whose run is `make`", "a list"},
		{"steps: [make]", "make", "", "has no step whose run is `make`", "no mapping"},
		{"steps: [{ uses: make }]", "make", "", "has no step whose run is `make`", "an action"},
	} {
		w, why := readWorkflow("on: push\njobs:\n  x:\n    " + tc.src + "\n")
		if why != "" {
			t.Errorf("%s: %s", tc.why, why)
			continue
		}
		steps, got := w.jobs[0].stepsOf(&ownership.Requirement{Run: tc.run, Evidence: ownership.Evidence{Directory: tc.directory}})
		var names []string
		for _, i := range steps {
			names = append(names, w.jobs[0].steps[i].name)
		}
		if got == "" {
			got = strings.Join(names, ", ")
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.why, got, tc.want)
		}
	}
}

// TestJobs reads jobs: how often they run, and why nothing in them is evidence.
func TestJobs(t *testing.T) {
	for _, tc := range []struct {
		src      string
		legs     int
		unusable string
	}{
		{"steps: []", 1, ""},
		{"strategy: { matrix: { a: [1, 2], b: [x, y, z] } }, steps: []", 6, ""},
		{"strategy: { fail-fast: true }, steps: []", 1, ""},
		{"strategy: { matrix: { a: [1], include: [{ a: 2 }] } }, steps: []", 0, "matrix"},
		{"strategy: { matrix: { a: [{ b: 1 }] } }, steps: []", 0, "matrix"},
		{"strategy: { matrix: { a: ['${{ x }}'] } }, steps: []", 0, "matrix"},
		{"strategy: x, steps: []", 0, "matrix"},
		{"name: 'a ${{ x }}', steps: []", 1, "expression"},
		{"name: [x], steps: []", 1, "expression"},
		{"uses: ./x.yml", 1, "reusable"},
		{"continue-on-error: true, steps: []", 1, "continue-on-error"},
		{"defaults: x, steps: []", 1, "defaults"},
		{"defaults: { run: { shell: [x] } }, steps: []", 1, "defaults"},
		{"steps: x", 1, "no steps"},
		{"runs-on: x", 1, "no steps"},
	} {
		w, why := readWorkflow("jobs: { x: { " + tc.src + " } }")
		if why != "" {
			t.Errorf("%s: %s", tc.src, why)
			continue
		}
		j := w.jobs[0]
		if j.legs != tc.legs || (j.unusable == "") != (tc.unusable == "") || !strings.Contains(j.unusable, tc.unusable) {
			t.Errorf("%s: %d legs, %q; want %d, %q", tc.src, j.legs, j.unusable, tc.legs, tc.unusable)
		}
	}
	for _, src := range []string{"", "x", "jobs: []", "jobs: { a: &b {}, c: *b }", "on: push", "jobs: { x: { defaults: !t {} } }", "defaults: 1\njobs: {}", strings.Repeat("[", 100)} {
		if _, why := readWorkflow(src); why == "" {
			t.Errorf("%q is read", src)
		}
	}
}

// TestMatrixLegs counts a matrix only when all its runs are there and each ran the step.
func TestMatrixLegs(t *testing.T) {
	for _, tc := range []struct {
		legs []string
		want RowState
	}{
		{[]string{"check (18)", "check (20)"}, RowShown},
		{[]string{"check (20)"}, RowMissing},
		{[]string{"check (18)", "check (20)", "check (22)"}, RowMissing},
		{[]string{"check", "check (18)"}, RowMissing},
		{[]string{"check (18)", "checks (20)"}, RowMissing},
	} {
		f := shownFacts(t)
		f.CI.Workflows[ciFile] = strings.Replace(f.CI.Workflows[ciFile], "    steps:", "    strategy: { matrix: { node: [18, 20] } }\n    steps:", 1)
		job := f.CI.Runs[0].Jobs[0]
		f.CI.Runs[0].Jobs = nil
		for _, name := range tc.legs {
			job.Name = name
			f.CI.Runs[0].Jobs = append(f.CI.Runs[0].Jobs, job)
		}
		if got := Evaluate(verification(t), f).Matrix[0].State; got != tc.want {
			t.Errorf("%v: %s, want %s", tc.legs, got, tc.want)
		}
		if tc.want == RowShown {
			f.CI.Runs[0].Jobs[1].Conclusion = "failure"
			if got := Evaluate(verification(t), f).Matrix[0].State; got != RowFailed {
				t.Errorf("one run fails, and the row is %s", got)
			}
		}
	}
}
