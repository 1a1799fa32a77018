package sim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// workflowDir is where workflows are.
const workflowDir = ".github/workflows"

// workflow is what the CI reads of a workflow file. Triggers are not looked
// at: every workflow runs on every pushed commit.
type workflow struct {
	Env      map[string]string `yaml:"env"`
	Defaults workflowDefaults  `yaml:"defaults"`
	Jobs     yaml.Node         `yaml:"jobs"` // a node, since order matters
}

type workflowDefaults struct {
	Run struct {
		Dir string `yaml:"working-directory"`
	} `yaml:"run"`
}

type workflowJob struct {
	Name     string            `yaml:"name"`
	Needs    yaml.Node         `yaml:"needs"` // one name or a list
	Env      map[string]string `yaml:"env"`
	Defaults workflowDefaults  `yaml:"defaults"`
	Minutes  float64           `yaml:"timeout-minutes"`
	Steps    []yaml.Node       `yaml:"steps"`
}

// jobKeys are what a job may say: what is read, and what makes no difference
// here. Anything else, such as a condition or a matrix, would change what runs.
var jobKeys = []string{"name", "needs", "env", "defaults", "timeout-minutes", "steps",
	"runs-on", "permissions", "concurrency", "environment", "outputs"}

type workflowStep struct {
	Name  string            `yaml:"name"`
	Uses  string            `yaml:"uses"`
	Run   string            `yaml:"run"`
	Shell string            `yaml:"shell"`
	Dir   string            `yaml:"working-directory"`
	Env   map[string]string `yaml:"env"`
}

// stepKeys are the same for a step.
var stepKeys = []string{"name", "id", "uses", "with", "run", "shell", "working-directory", "env"}

// read decodes a mapping that may only have the given keys.
func read(n *yaml.Node, keys []string, into any) error {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if key := n.Content[i].Value; !slices.Contains(keys, key) {
			return fmt.Errorf("%q is not simulated", key)
		}
	}
	return n.Decode(into)
}

// workflowJobs are the jobs of all workflows of a commit. A workflow that
// cannot be read, or needs more than is simulated, becomes one job that fails
// and says why: silence would look like a pass. The caller holds the lock.
func (r *Repo) workflowJobs(sha string) ([]Job, error) {
	c, err := r.commit(sha)
	if err != nil {
		return nil, fmt.Errorf("read workflows at %s: %w", sha, err)
	}
	dir, err := r.lookup(c, workflowDir)
	if errors.Is(err, errNoObject) || err == nil && dir.kind() != "tree" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read workflows at %s: %w", sha, err)
	}
	_, entries, err := r.tree(dir.id)
	if err != nil {
		return nil, fmt.Errorf("read workflows at %s: %w", sha, err)
	}
	var jobs []Job
	for _, e := range entries {
		if ext := path.Ext(e.name); e.kind() != "blob" || ext != ".yml" && ext != ".yaml" {
			continue
		}
		o, err := r.objects.read(e.id)
		if err != nil {
			return nil, fmt.Errorf("read %s/%s at %s: %w", workflowDir, e.name, sha, err)
		}
		found, err := parseWorkflow(e.name, o.data)
		if err != nil {
			found = []Job{refusedWorkflow(e.name, err)}
		}
		jobs = append(jobs, found...)
	}
	return jobs, nil
}

func refusedWorkflow(name string, err error) Job {
	quoted := "'" + strings.ReplaceAll(workflowDir+"/"+name+": "+err.Error(), "'", `'\''`) + "'"
	return Job{Name: workflowDir + "/" + name, Steps: []Step{{Name: "Read the workflow", Run: "echo " + quoted + "\nexit 1"}}}
}

// parseWorkflow reads the jobs of a workflow, in the order of the file.
func parseWorkflow(name string, data []byte) ([]Job, error) {
	var w workflow
	if err := yaml.Load(data, &w); err != nil {
		return nil, err
	}
	if w.Jobs.Kind != yaml.MappingNode {
		return nil, errors.New("it has no jobs")
	}
	var jobs []Job
	for i := 0; i+1 < len(w.Jobs.Content); i += 2 {
		id := w.Jobs.Content[i].Value
		var source workflowJob
		if err := read(w.Jobs.Content[i+1], jobKeys, &source); err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		j, err := source.job(id, w)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		j.workflow = name
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// job turns a job of a workflow into one that can be run.
func (s workflowJob) job(id string, w workflow) (Job, error) {
	j := Job{Name: s.Name, id: id, Timeout: time.Duration(s.Minutes * float64(time.Minute))}
	if j.Name == "" {
		j.Name = id
	}
	if !(s.Minutes >= 0 && s.Minutes <= 360) {
		return j, fmt.Errorf("timeout-minutes is %v, not between 0 and 360", s.Minutes)
	}
	needs, err := names(s.Needs)
	if err != nil {
		return j, fmt.Errorf("needs: %w", err)
	}
	j.After = needs
	for i := range s.Steps {
		var source workflowStep
		if err := read(&s.Steps[i], stepKeys, &source); err != nil {
			return j, fmt.Errorf("step %d: %w", i+1, err)
		}
		step, err := source.step(s, w)
		if err != nil {
			return j, fmt.Errorf("step %d: %w", i+1, err)
		}
		if step != nil {
			j.Steps = append(j.Steps, *step)
		}
	}
	return j, nil
}

// step turns a step into one that can be run; nil when there is nothing to run:
// the checkout is done anyway, and tools come from the PATH.
func (s workflowStep) step(j workflowJob, w workflow) (*Step, error) {
	uses, _, _ := strings.Cut(s.Uses, "@")
	switch {
	case uses == "actions/checkout" || strings.HasPrefix(uses, "actions/setup-"):
		return nil, nil
	case uses != "":
		return nil, fmt.Errorf("the action %s is not simulated", s.Uses)
	case s.Run == "":
		return nil, errors.New("it has neither run nor uses")
	}
	env := map[string]string{}
	for _, layer := range []map[string]string{w.Env, j.Env, s.Env} {
		maps.Copy(env, layer)
	}
	for _, text := range append(variables(env), s.Run, s.Dir) {
		if strings.Contains(text, "${{") {
			return nil, errors.New("expressions are not simulated")
		}
	}
	run := s.Run
	switch s.Shell {
	case "":
	case "bash": // GitHub makes a difference between this and no shell at all
		run = "set -o pipefail\n" + run
	default:
		return nil, fmt.Errorf("the shell %s is not simulated", s.Shell)
	}
	return &Step{Name: cmp.Or(s.Name, Step{Run: s.Run}.title()), Run: run, Dir: cmp.Or(s.Dir, j.Defaults.Run.Dir, w.Defaults.Run.Dir), Env: env}, nil
}

// names reads one name or a list of names.
func names(n yaml.Node) ([]string, error) {
	var list []string
	switch n.Kind {
	case 0:
		return nil, nil
	case yaml.ScalarNode:
		return []string{n.Value}, nil
	}
	err := n.Decode(&list)
	return list, err
}
