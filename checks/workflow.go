package checks

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Bounds of a workflow file.
const (
	maxWorkflow      = 256 << 10 // bytes
	maxWorkflowJobs  = 500
	maxWorkflowSteps = 1000 // of a job
	maxWorkflowLegs  = 256  // that a matrix makes, as on GitHub
)

// workflow is a workflow file, as far as evidence needs it. Where the file says something that cannot be understood,
// reasons say so, and what they stand at is no evidence. Reasons are prose that follows a name.
// Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
type workflow struct {
	jobs []workflowJob
}

// workflowJob is one job.
type workflowJob struct {
	id       string
	name     string // as GitHub shows it, before a matrix adds its values
	legs     int    // runs that its matrix makes; 1 without one
	matrix   bool
	steps    []workflowStep
	unusable string // why nothing that happens in it is evidence, or ""
	unnamed  bool   // its name holds an expression, so it is not known
}

// workflowStep is one step.
type workflowStep struct {
	name      string // as GitHub shows it; "" when an expression decides
	run       string
	directory string
	unusable  string // why its success is no evidence, or ""
}

// defaults are what a step has where it does not say.
type defaults struct{ shell, directory string }

// readWorkflow reads the source of a workflow file. why is "" or says, as prose that follows "it", why it cannot.
func readWorkflow(src string) (w workflow, why string) {
	root, why := plainYAML(src, maxWorkflow)
	if why != "" {
		return workflow{}, why
	}
	jobs := valueOf(root, "jobs")
	if jobs == nil || jobs.Kind != yaml.MappingNode {
		return workflow{}, "has no jobs"
	}
	if len(jobs.Content)/2 > maxWorkflowJobs {
		return workflow{}, fmt.Sprintf("has %d jobs; %d are read", len(jobs.Content)/2, maxWorkflowJobs)
	}
	base, why := readDefaults(root, defaults{})
	if why != "" {
		return workflow{}, why
	}
	for i := 0; i+1 < len(jobs.Content); i += 2 {
		w.jobs = append(w.jobs, readJob(jobs.Content[i].Value, jobs.Content[i+1], base))
	}
	return w, ""
}

// readDefaults reads defaults.run of a workflow or a job over those around it.
func readDefaults(n *yaml.Node, d defaults) (defaults, string) {
	of := valueOf(n, "defaults")
	run := valueOf(of, "run")
	if of != nil && of.Kind != yaml.MappingNode || run != nil && run.Kind != yaml.MappingNode {
		return d, "has defaults that cannot be read"
	}
	shell, okShell := textOf(valueOf(run, "shell"))
	directory, okDirectory := textOf(valueOf(run, "working-directory"))
	if !okShell || !okDirectory {
		return d, "has defaults that cannot be read"
	}
	if shell != "" {
		d.shell = shell
	}
	if directory != "" {
		d.directory = directory
	}
	return d, ""
}

func readJob(id string, n *yaml.Node, base defaults) workflowJob {
	j := workflowJob{id: id, name: id, legs: 1}
	if n.Kind != yaml.MappingNode {
		j.unusable = "is no mapping"
		return j
	}
	name, named := textOf(valueOf(n, "name"))
	if name != "" {
		j.name = name
	}
	j.unnamed = hasExpression(j.name) || !named
	d, why := readDefaults(n, base)
	j.legs, j.matrix = readMatrix(n)
	steps := valueOf(n, "steps")
	switch {
	case valueOf(n, "uses") != nil:
		j.unusable = "is a reusable workflow, whose steps are in another file"
	case j.unnamed:
		j.unusable = "has an expression for its name, so its runs cannot be told apart"
	case !isFalse(valueOf(n, "continue-on-error")):
		j.unusable = "may fail without failing: it has continue-on-error"
	case j.legs == 0:
		j.unusable = "has a matrix that is not a plain list of values, so how many runs it makes is not known"
	case why != "":
		j.unusable = why
	case steps == nil || steps.Kind != yaml.SequenceNode:
		j.unusable = "has no steps"
	case len(steps.Content) > maxWorkflowSteps:
		j.unusable = fmt.Sprintf("has %d steps; %d are read", len(steps.Content), maxWorkflowSteps)
	default:
		for _, s := range steps.Content {
			j.steps = append(j.steps, readStep(s, d))
		}
	}
	return j
}

// readMatrix returns how many runs a job's matrix makes, 0 when that is not known, and whether it has one.
func readMatrix(job *yaml.Node) (legs int, is bool) {
	strategy := valueOf(job, "strategy")
	matrix := valueOf(strategy, "matrix")
	switch {
	case strategy == nil:
		return 1, false
	case strategy.Kind != yaml.MappingNode || matrix != nil && matrix.Kind != yaml.MappingNode:
		return 0, true
	case matrix == nil:
		return 1, false
	}
	legs = 1
	for i := 0; i+1 < len(matrix.Content); i += 2 {
		key, values := matrix.Content[i].Value, matrix.Content[i+1]
		if key == "include" || key == "exclude" || values.Kind != yaml.SequenceNode {
			return 0, true
		}
		for _, v := range values.Content {
			if s, ok := textOf(v); !ok || hasExpression(s) {
				return 0, true
			}
		}
		if legs *= len(values.Content); legs == 0 || legs > maxWorkflowLegs {
			return 0, true
		}
	}
	return legs, true
}

func readStep(n *yaml.Node, d defaults) workflowStep {
	if n.Kind != yaml.MappingNode {
		return workflowStep{unusable: "is no mapping"}
	}
	run, okRun := textOf(valueOf(n, "run"))
	uses, _ := textOf(valueOf(n, "uses"))
	name, okName := textOf(valueOf(n, "name"))
	s := workflowStep{name: stepName(name, run, uses), run: run, directory: d.directory}
	shell, okShell := textOf(valueOf(n, "shell"))
	directory, okDirectory := textOf(valueOf(n, "working-directory"))
	if shell == "" {
		shell = d.shell
	}
	if directory != "" {
		s.directory = directory
	}
	switch {
	case !okRun || !okName || !okShell || !okDirectory:
		s.unusable = "cannot be read"
	case uses != "" && run != "":
		s.unusable = "has both uses and run"
	case !isFalse(valueOf(n, "continue-on-error")):
		s.unusable = "may fail without failing: it has continue-on-error"
	case shell != "" && shell != "bash" && shell != "sh":
		s.unusable = "runs in the shell " + code(shell) + ", which may do anything with the command"
	case s.name == "":
		s.unusable = "has an expression in its name, so it cannot be found among the steps that ran"
	}
	return s
}

// stepName is the name that GitHub shows for a step, or "" where an expression decides.
// Source: actions/runner, ActionRunner.UpdateDisplayName.
func stepName(name, run, uses string) string {
	switch {
	case name != "":
	case run != "":
		first, _, _ := strings.Cut(strings.TrimLeft(run, " \t\r\n"), "\n")
		name = "Run " + strings.TrimSuffix(first, "\r")
	default:
		name = "Run " + uses
	}
	if hasExpression(name) {
		return ""
	}
	return strings.TrimSpace(name)
}

func hasExpression(s string) bool { return strings.Contains(s, "${{") }

// isFalse reports whether a switch is off: missing, or the word false.
func isFalse(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && strings.EqualFold(n.Value, "false")
}

// sameDirectory compares a step's working directory with the contract's. "" is the root. A directory with an
// expression is none that can be compared.
func sameDirectory(step, contract string) bool {
	if hasExpression(step) || path.IsAbs(step) {
		return false
	}
	return path.Clean("./"+step) == path.Clean("./"+contract)
}

// job returns the job of that id or, where there is none, the only one of that name.
func (w workflow) job(name string) (job workflowJob, why string) {
	var named []workflowJob
	for _, j := range w.jobs {
		if j.id == name {
			return j, ""
		}
		if j.name == name {
			named = append(named, j)
		}
	}
	switch len(named) {
	case 0:
		return workflowJob{}, "has no job " + code(name)
	case 1:
		return named[0], ""
	}
	return workflowJob{}, fmt.Sprintf("has %d jobs of the name %s", len(named), code(name))
}

// mistaken reports whether a run of another job could be taken for one of this job, by its name.
func (w workflow) mistaken(j workflowJob) bool {
	for _, other := range w.jobs {
		switch {
		case other.id == j.id:
		case other.name == j.name, j.matrix && isLeg(other.name, j.name), other.matrix && isLeg(j.name, other.name):
			return true
		case other.unnamed && strings.HasPrefix(j.name, other.fixedName()), strings.HasPrefix(j.name, other.name+" / "):
			return true
		}
	}
	return false
}

// fixedName is what a job's name starts with, whatever its expressions come to.
func (w workflowJob) fixedName() string {
	fixed, _, _ := strings.Cut(w.name, "${{")
	return fixed
}

// isLeg reports whether a run's name is that of one leg of a job's matrix: the job's name, and the values in brackets.
func isLeg(run, job string) bool {
	values, ok := strings.CutPrefix(run, job+" (")
	return ok && strings.HasSuffix(values, ")")
}
