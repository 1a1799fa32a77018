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

// workflow is a workflow file that was read.
type workflow struct {
	path string // of its file
	name string
	on   map[string]filter // by event
	jobs []Job
}

// workflowSource is what is read of a workflow file.
type workflowSource struct {
	Name     string            `yaml:"name"`
	On       yaml.Node         `yaml:"on"`
	Env      map[string]string `yaml:"env"`
	Defaults workflowDefaults  `yaml:"defaults"`
	Jobs     yaml.Node         `yaml:"jobs"` // a node, since order matters
}

// workflowKeys are what a workflow may say.
var workflowKeys = []string{"name", "run-name", "on", "env", "defaults", "jobs", "permissions", "concurrency"}

type workflowDefaults struct {
	Run struct {
		Dir string `yaml:"working-directory"`
	} `yaml:"run"`
}

type workflowJob struct {
	Name     string            `yaml:"name"`
	Needs    yaml.Node         `yaml:"needs"`   // one name or a list
	RunsOn   yaml.Node         `yaml:"runs-on"` // the same, or a group
	If       string            `yaml:"if"`
	Continue string            `yaml:"continue-on-error"`
	Env      map[string]string `yaml:"env"`
	Defaults workflowDefaults  `yaml:"defaults"`
	Minutes  float64           `yaml:"timeout-minutes"`
	Steps    []yaml.Node       `yaml:"steps"`
}

// jobKeys are what a job may say: what is read, and what makes no difference
// here. Anything else, such as a matrix, would change what runs.
var jobKeys = []string{"name", "needs", "if", "continue-on-error", "env", "defaults", "timeout-minutes", "steps",
	"runs-on", "permissions", "concurrency", "environment", "outputs"}

type workflowStep struct {
	Name     string               `yaml:"name"`
	Uses     string               `yaml:"uses"`
	With     map[string]yaml.Node `yaml:"with"`
	Run      string               `yaml:"run"`
	Shell    string               `yaml:"shell"`
	Dir      string               `yaml:"working-directory"`
	If       string               `yaml:"if"`
	Continue string               `yaml:"continue-on-error"`
	Env      map[string]string    `yaml:"env"`
}

// stepKeys are the same for a step.
var stepKeys = []string{"name", "id", "uses", "with", "run", "shell", "working-directory", "if", "continue-on-error", "env"}

// idCharacters are those of a job's id.
const idCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// read decodes a mapping that may only have the given keys.
func read(n *yaml.Node, keys []string, into any) error {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if key := n.Content[i].Value; !slices.Contains(keys, key) {
			return fmt.Errorf("%q is not simulated", key)
		}
	}
	return n.Decode(into)
}

// workflows are the workflows of a commit. One that cannot be read, or needs
// more than is simulated, gets one job that fails and says why: silence would
// look like a pass. The caller holds the lock.
func (r *Repo) workflows(c *commit) ([]workflow, error) {
	dir, err := r.lookup(c, workflowDir)
	if errors.Is(err, errNoObject) || err == nil && dir.kind() != "tree" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read workflows at %s: %w", c.id, err)
	}
	_, entries, err := r.tree(dir.id)
	if err != nil {
		return nil, fmt.Errorf("read workflows at %s: %w", c.id, err)
	}
	var all []workflow
	for _, e := range entries {
		if ext := path.Ext(e.name); e.kind() != "blob" || ext != ".yml" && ext != ".yaml" {
			continue
		}
		o, err := r.objects.read(e.id)
		if err != nil {
			return nil, fmt.Errorf("read %s/%s at %s: %w", workflowDir, e.name, c.id, err)
		}
		w, err := parseWorkflow(e.name, o.data)
		if err != nil {
			w = w.refused(err)
		}
		all = append(all, w)
	}
	return all, nil
}

// refused is the workflow with one job in place of its own, which fails. When
// its triggers could not be read, it runs for every push.
func (w workflow) refused(err error) workflow {
	quoted := "'" + strings.ReplaceAll(w.path+": "+err.Error(), "'", `'\''`) + "'"
	w.jobs = []Job{{Name: w.path, workflow: path.Base(w.path), Steps: []Step{{Name: "Read the workflow", Run: "echo " + quoted + "\nexit 1"}}}}
	if w.on == nil {
		w.on = map[string]filter{eventPush: {}}
	}
	return w
}

// parseWorkflow reads a workflow, with its jobs in the order of the file. What
// it returns beside an error names the file, and the triggers if those could
// be read.
func parseWorkflow(file string, data []byte) (workflow, error) {
	w := workflow{path: workflowDir + "/" + file, name: workflowDir + "/" + file}
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil {
		return w, err
	}
	for root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = *root.Content[0]
	}
	var source workflowSource
	unread := read(&root, workflowKeys, &source)
	if source.Name != "" {
		w.name = source.Name
	}
	on, err := triggers(&source.On)
	if err = cmp.Or(unread, err); err != nil {
		return w, err
	}
	w.on = on
	jobs, err := source.jobs(file)
	w.jobs = jobs
	return w, err
}

func (s workflowSource) jobs(file string) ([]Job, error) {
	if s.Jobs.Kind != yaml.MappingNode || len(s.Jobs.Content) == 0 {
		return nil, errors.New("it has no jobs")
	}
	var jobs []Job
	for i := 0; i+1 < len(s.Jobs.Content); i += 2 {
		id := s.Jobs.Content[i].Value
		if s.Jobs.Content[i].Kind != yaml.ScalarNode || strings.Trim(id, idCharacters) != "" || id == "" {
			return nil, fmt.Errorf("job %q: its id has other characters than letters, digits, _ and -", id)
		}
		var source workflowJob
		if err := read(s.Jobs.Content[i+1], jobKeys, &source); err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		j, err := source.job(id, s)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		j.workflow = file
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// job turns a job of a workflow into one that can be run.
func (s workflowJob) job(id string, w workflowSource) (Job, error) {
	j := Job{Name: cmp.Or(s.Name, id), id: id, If: s.If, Timeout: time.Duration(s.Minutes * float64(time.Minute))}
	if !(s.Minutes >= 0 && s.Minutes <= 360) {
		return j, fmt.Errorf("timeout-minutes is %v, not between 0 and 360", s.Minutes)
	}
	if strings.Contains(j.Name, "${{") {
		return j, errors.New("expressions are not simulated")
	}
	_, err := standing{}.holds(s.If)
	if err == nil {
		j.ContinueOnError, err = flag("continue-on-error", s.Continue)
	}
	if err != nil {
		return j, err
	}
	if j.After, err = names(s.Needs); err != nil {
		return j, fmt.Errorf("needs: %w", err)
	}
	if j.labels, err = names(s.RunsOn); err != nil {
		j.labels = nil // a group of runners
	}
	for i := range s.Steps {
		var source workflowStep
		if err := read(&s.Steps[i], stepKeys, &source); err != nil {
			return j, fmt.Errorf("step %d: %w", i+1, err)
		}
		step, err := source.step(s, w)
		if err != nil {
			return j, fmt.Errorf("step %d: %w", i+1, err)
		}
		j.Steps = append(j.Steps, step)
	}
	if len(j.Steps) == 0 {
		return j, errors.New("it has no steps")
	}
	return j, nil
}

// step turns a step into one that can be run. The checkout is done anyway, and
// tools come from the PATH.
func (s workflowStep) step(j workflowJob, w workflowSource) (Step, error) {
	out := Step{Name: s.Name, Run: s.Run, Uses: s.Uses, Dir: cmp.Or(s.Dir, j.Defaults.Run.Dir, w.Defaults.Run.Dir), If: s.If, Env: map[string]string{}}
	_, err := standing{}.holds(s.If)
	if err == nil {
		out.ContinueOnError, err = flag("continue-on-error", s.Continue)
	}
	if err == nil {
		err = s.problem()
	}
	if err != nil {
		return out, err
	}
	for _, layer := range []map[string]string{w.Env, j.Env, s.Env} {
		maps.Copy(out.Env, layer)
	}
	for _, text := range append(variables(out.Env), s.Name, s.Run, out.Dir) {
		if strings.Contains(text, "${{") {
			return out, errors.New("expressions are not simulated")
		}
	}
	switch s.Shell {
	case "":
	case "bash": // GitHub makes a difference between this and no shell at all
		out.pipefail = true
	default:
		return out, fmt.Errorf("the shell %s is not simulated", s.Shell)
	}
	return out, nil
}

// problem refuses actions that would do something.
func (s workflowStep) problem() error {
	action, _, _ := strings.Cut(s.Uses, "@")
	switch {
	case s.Uses != "" && s.Run != "":
		return errors.New("it has both run and uses")
	case s.Uses == "" && s.Run == "":
		return errors.New("it has neither run nor uses")
	case action == "actions/checkout":
		for _, key := range slices.Sorted(maps.Keys(s.With)) {
			if key != "fetch-depth" && key != "persist-credentials" {
				return fmt.Errorf("%s with %s is not simulated", s.Uses, key)
			}
		}
	case s.Uses != "" && !strings.HasPrefix(action, "actions/setup-"):
		return fmt.Errorf("the action %s is not simulated", s.Uses)
	}
	return nil
}

// flag reads true or false; nothing is false.
func flag(key, text string) (bool, error) {
	switch text {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fmt.Errorf("%s: %q is not simulated", key, text)
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
