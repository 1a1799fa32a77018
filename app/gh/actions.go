package gh

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/agentplane/agentplane/checks"
)

// maxErrors is how many annotations of a failed job are read: the first one names the failure.
const maxErrors = 10

// workflowRun is what is read of a workflow run. go-github v60 does not know its path.
type workflowRun struct {
	ID         int64     `json:"id"`
	Path       string    `json:"path"`
	Event      string    `json:"event"`
	SHA        string    `json:"head_sha"`
	Attempt    int       `json:"run_attempt"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	URL        string    `json:"html_url"`
	Created    time.Time `json:"created_at"`
	Started    time.Time `json:"run_started_at"` // of the latest attempt
	Head       struct {
		ID int64 `json:"id"`
	} `json:"head_repository"`
}

// Runs reads the workflow runs on a commit, without their jobs. GitHub lists the latest attempt of each
// (https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository).
func (r *Repo) Runs(ctx context.Context, sha string) ([]checks.Run, error) {
	var runs []checks.Run
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		url := fmt.Sprintf("repos/%s/%s/actions/runs?head_sha=%s&per_page=%d&page=%d", r.owner, r.name, sha, o.PerPage, max(o.Page, 1))
		req, err := r.actions.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		var list struct {
			Runs []workflowRun `json:"workflow_runs"`
		}
		resp, err := r.actions.Do(ctx, req, &list)
		for _, run := range list.Runs {
			runs = append(runs, run.value())
		}
		return resp, err
	})
	return runs, plain("list the workflow runs on "+sha, err)
}

// workflowFile is the path of a run's workflow file. Some of GitHub's answers append "@" and a ref. A file's own name may
// hold "@" too, as in "ci.yml@x.yml": such a path is left as it is, so that no other file is ever taken for it.
func workflowFile(path string) string {
	file, ref, cut := strings.Cut(path, "@")
	named := func(s string) bool { return strings.HasSuffix(s, ".yml") || strings.HasSuffix(s, ".yaml") }
	if cut && named(file) && !named(ref) && !strings.Contains(ref, "@") {
		return file
	}
	return path
}

// value is the run as facts have it.
func (w workflowRun) value() checks.Run {
	began := w.Started
	if began.IsZero() {
		began = w.Created
	}
	return checks.Run{
		ID: w.ID, Workflow: workflowFile(w.Path), Event: w.Event, Repo: w.Head.ID, SHA: w.SHA, Attempt: w.Attempt,
		Status: w.Status, Conclusion: w.Conclusion, URL: w.URL, Created: began,
	}
}

// Jobs reads the jobs of a run's latest attempt, with their steps.
func (r *Repo) Jobs(ctx context.Context, run int64) ([]checks.RunJob, error) {
	var jobs []checks.RunJob
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.actions.Actions.ListWorkflowJobs(ctx, r.owner, r.name, run,
			&github.ListWorkflowJobsOptions{Filter: "latest", ListOptions: o})
		if err != nil {
			return resp, err
		}
		for _, j := range list.Jobs {
			jobs = append(jobs, toRunJob(j))
		}
		return resp, nil
	})
	return jobs, plain(fmt.Sprintf("list the jobs of workflow run %d", run), err)
}

func toRunJob(j *github.WorkflowJob) checks.RunJob {
	job := checks.RunJob{
		ID: j.GetID(), Name: j.GetName(), Status: j.GetStatus(), Conclusion: j.GetConclusion(), URL: j.GetHTMLURL(),
	}
	if j.GetStatus() != "queued" {
		job.Started = j.GetStartedAt().Time
	}
	for _, s := range j.Steps {
		job.Steps = append(job.Steps, checks.RunStep{
			Number: int(s.GetNumber()), Name: s.GetName(), Status: s.GetStatus(), Conclusion: s.GetConclusion(),
		})
	}
	return job
}

// Errors reads the messages of a check run's failure annotations, in order, at most the first few.
func (r *Repo) Errors(ctx context.Context, checkRun int64) ([]string, error) {
	list, _, err := r.client.Checks.ListCheckRunAnnotations(ctx, r.owner, r.name, checkRun, &github.ListOptions{PerPage: maxErrors})
	var messages []string
	for _, a := range list {
		if a.GetAnnotationLevel() == "failure" {
			messages = append(messages, a.GetMessage())
		}
	}
	return messages, plain(fmt.Sprintf("list the annotations of check run %d", checkRun), err)
}

// OtherCheckRuns reads the latest check runs that other Apps put on a commit.
func (r *Repo) OtherCheckRuns(ctx context.Context, sha string) ([]checks.CheckRun, error) {
	var runs []checks.CheckRun
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.client.Checks.ListCheckRunsForRef(ctx, r.owner, r.name, sha, &github.ListCheckRunsOptions{ListOptions: o})
		if err != nil {
			return resp, err
		}
		for _, run := range list.CheckRuns {
			if run.GetApp().GetID() != r.app.id {
				runs = append(runs, toCheckRun(run))
			}
		}
		return resp, nil
	})
	return runs, plain("list the check runs on "+sha, err)
}

func toCheckRun(run *github.CheckRun) checks.CheckRun {
	return checks.CheckRun{
		ID: run.GetID(), Name: run.GetName(), AppID: run.GetApp().GetID(), App: run.GetApp().GetSlug(), SHA: run.GetHeadSHA(),
		Status: run.GetStatus(), Conclusion: run.GetConclusion(), Title: run.GetOutput().GetTitle(), URL: run.GetHTMLURL(),
		Started: run.GetStartedAt().Time,
	}
}

// Statuses reads the newest commit status of each context and creator. GitHub lists them newest first
// (https://docs.github.com/en/rest/commits/statuses#list-commit-statuses-for-a-reference).
func (r *Repo) Statuses(ctx context.Context, sha string) ([]checks.Status, error) {
	type of struct {
		context string
		creator int64
	}
	seen := map[of]bool{}
	var statuses []checks.Status
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.statuses.Repositories.ListStatuses(ctx, r.owner, r.name, sha, &o)
		for _, s := range list {
			if key := (of{s.GetContext(), s.GetCreator().GetID()}); !seen[key] {
				seen[key] = true
				statuses = append(statuses, toStatus(s))
			}
		}
		return resp, err
	})
	return statuses, plain("list the statuses of "+sha, err)
}

func toStatus(s *github.RepoStatus) checks.Status {
	return checks.Status{
		Context: s.GetContext(), Creator: checks.Account(toAccount(s.GetCreator())), State: s.GetState(),
		Description: s.GetDescription(), URL: s.GetTargetURL(), At: s.GetCreatedAt().Time,
	}
}
