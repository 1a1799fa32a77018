package sim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
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
	If       string            `yaml:"if"`
	Uses     string            `yaml:"uses"`
	Strategy yaml.Node         `yaml:"strategy"`
	Steps    []workflowStep    `yaml:"steps"`
}

type workflowStep struct {
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	If   string            `yaml:"if"`
	Dir  string            `yaml:"working-directory"`
	Env  map[string]string `yaml:"env"`
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
		var source workflowJob
		if err := w.Jobs.Content[i+1].Decode(&source); err != nil {
			return nil, err
		}
		j, err := source.job(w.Jobs.Content[i].Value, w)
		if err != nil {
			return nil, err
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
	switch {
	case s.Uses != "":
		return j, fmt.Errorf("job %s: reusable workflows are not simulated", id)
	case s.Strategy.Kind != 0:
		return j, fmt.Errorf("job %s: a matrix is not simulated", id)
	case s.If != "":
		return j, fmt.Errorf("job %s: conditions are not simulated", id)
	case !(s.Minutes >= 0 && s.Minutes <= 360):
		return j, fmt.Errorf("job %s: timeout-minutes is %v, not between 0 and 360", id, s.Minutes)
	}
	needs, err := names(s.Needs)
	if err != nil {
		return j, fmt.Errorf("job %s: needs: %w", id, err)
	}
	j.After = needs
	for i, source := range s.Steps {
		step, err := source.step(s, w)
		if err != nil {
			return j, fmt.Errorf("job %s, step %d: %w", id, i+1, err)
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
	case s.If != "":
		return nil, errors.New("conditions are not simulated")
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
	return &Step{Name: s.Name, Run: s.Run, Dir: cmp.Or(s.Dir, j.Defaults.Run.Dir, w.Defaults.Run.Dir), Env: env}, nil
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
