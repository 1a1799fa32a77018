package gh

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/agentplane/agentplane/checks"
)

// annotationsPerRequest is GitHub's limit; the rest is appended by updates
// (https://docs.github.com/en/rest/checks/runs#update-a-check-run).
const annotationsPerRequest = 50

// Output is what a check run shall say about a commit. Digest identifies it; it is kept at GitHub as the external id, so
// that a lost database is no reason to write everything again.
type Output struct {
	checks.Document
	SHA    string
	Digest string
}

// CheckRun is one of our check runs that GitHub has.
type CheckRun struct {
	ID     int64
	Digest string // "" when it is not finished
}

// CheckRuns reads the latest of our own check runs on a commit, by name.
func (r *Repo) CheckRuns(ctx context.Context, sha string) (map[string]CheckRun, error) {
	runs := map[string]CheckRun{}
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.client.Checks.ListCheckRunsForRef(ctx, r.owner, r.name, sha,
			&github.ListCheckRunsOptions{AppID: &r.app.id, ListOptions: o})
		if err != nil {
			return resp, err
		}
		for _, run := range list.CheckRuns {
			if run.GetApp().GetID() == r.app.id && run.GetID() > runs[run.GetName()].ID {
				runs[run.GetName()] = CheckRun{ID: run.GetID(), Digest: run.GetExternalID()}
			}
		}
		return resp, nil
	})
	return runs, plain(fmt.Sprintf("list our check runs on %s", sha), err)
}

// CreateCheckRun puts a new check run and returns its id. When only a further page of annotations fails, the run exists
// and the id comes with the error.
func (r *Repo) CreateCheckRun(ctx context.Context, o Output) (int64, error) {
	first, rest := split(o.Annotations)
	run, _, err := r.client.Checks.CreateCheckRun(ctx, r.owner, r.name, github.CreateCheckRunOptions{
		Name: o.Name, HeadSHA: o.SHA, ExternalID: external(o, rest), Status: &o.Status, Conclusion: optional(o.Conclusion),
		Output: output(o, first),
	})
	if err != nil {
		return 0, plain(fmt.Sprintf("create check run %s on %s", o.Name, o.SHA), err)
	}
	return run.GetID(), r.annotate(ctx, run.GetID(), o, rest)
}

// UpdateCheckRun says it anew in an existing check run. Annotations that GitHub has stay there, and new ones are added:
// so a run with other annotations than o's is better created again.
func (r *Repo) UpdateCheckRun(ctx context.Context, id int64, o Output) error {
	first, rest := split(o.Annotations)
	if err := r.update(ctx, id, o, first, rest); err != nil {
		return err
	}
	return r.annotate(ctx, id, o, rest)
}

// annotate appends the annotations that one request could not hold. The external id is written with the last of them, so
// that a run whose annotations are incomplete is never taken for finished.
func (r *Repo) annotate(ctx context.Context, id int64, o Output, rest []checks.Annotation) error {
	for len(rest) > 0 {
		var next []checks.Annotation
		next, rest = split(rest)
		if err := r.update(ctx, id, o, next, rest); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repo) update(ctx context.Context, id int64, o Output, now, rest []checks.Annotation) error {
	_, _, err := r.client.Checks.UpdateCheckRun(ctx, r.owner, r.name, id, github.UpdateCheckRunOptions{
		Name: o.Name, ExternalID: external(o, rest), Status: &o.Status, Conclusion: optional(o.Conclusion), Output: output(o, now),
	})
	return plain(fmt.Sprintf("update check run %s on %s", o.Name, o.SHA), err)
}

func split(all []checks.Annotation) (now, rest []checks.Annotation) {
	n := min(len(all), annotationsPerRequest)
	return all[:n], all[n:]
}

func external(o Output, rest []checks.Annotation) *string {
	if len(rest) > 0 {
		return github.String("")
	}
	return &o.Digest
}

func output(o Output, annotations []checks.Annotation) *github.CheckRunOutput {
	out := &github.CheckRunOutput{Title: &o.Title, Summary: &o.Summary, Text: optional(o.Text)}
	for _, a := range annotations {
		out.Annotations = append(out.Annotations, &github.CheckRunAnnotation{
			Path: &a.Path, StartLine: &a.StartLine, EndLine: &a.EndLine,
			AnnotationLevel: &a.Level, Title: optional(a.Title), Message: &a.Message,
		})
	}
	return out
}

// optional leaves an empty text out of a request.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
