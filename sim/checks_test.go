package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

func annotations(n int) string {
	one := `{"path":"a","start_line":1,"end_line":1,"annotation_level":"failure","message":"m"}`
	return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]"
}

func TestCheckRunLimits(t *testing.T) {
	w := newWorld(t)
	w.watch.nonsense = true
	head := w.repo.Tip("main")
	auth := w.token(`null`)
	output := func(more string) string { return `"output":{"title":"t","summary":"s",` + more + `}` }
	x := func(n int) string { return strings.Repeat("é", n) }
	for _, c := range []struct {
		body   string
		status int
		why    string
	}{
		{`"output":{"title":"t","summary":"` + x(65535) + `"}`, 201, "the longest summary, in characters and not bytes"},
		{`"output":{"title":"t","summary":"` + x(65536) + `"}`, 422, "one more"},
		{output(`"text":"` + x(65535) + `"`), 201, "the longest text"},
		{output(`"text":"` + x(65536) + `"`), 422, "one more"},
		{`"output":{"title":"` + x(255) + `","summary":""}`, 201, "the longest title"},
		{`"output":{"title":"` + x(256) + `","summary":""}`, 422, "one more"},
		{`"output":{"title":"t"}`, 422, "a summary is required"},
		{`"output":{"summary":"s"}`, 422, "a title is required"},
		{output(`"annotations":` + annotations(50)), 201, "fifty annotations"},
		{output(`"annotations":` + annotations(51)), 422, "fifty-one"},
		{output(`"annotations":[{"path":"a","start_line":1,"end_line":2,"start_column":1,"annotation_level":"failure","message":"m"}]`), 422, "columns over several lines"},
		{output(`"annotations":[{"path":"a","start_line":1,"end_line":1,"annotation_level":"error","message":"m"}]`), 422, "no such level"},
		{output(`"annotations":[{"path":"a","start_line":1,"end_line":1,"annotation_level":"notice"}]`), 422, "no message"},
		{output(`"annotations":[{"path":"a","start_line":1,"end_line":1,"annotation_level":"notice","message":"` + strings.Repeat("m", 64<<10) + `"}]`), 201, "64 KB"},
		{output(`"annotations":[{"path":"a","start_line":1,"end_line":1,"annotation_level":"notice","message":"` + strings.Repeat("m", 64<<10+1) + `"}]`), 422, "more than 64 KB"},
		{`"actions":[{"label":"a","description":"b","identifier":"c"},{"label":"a","description":"b","identifier":"c"},{"label":"a","description":"b","identifier":"c"}]`, 201, "three actions"},
		{`"actions":[{},{},{},{}]`, 422, "four"},
		{`"actions":[{"label":"` + x(21) + `","description":"b","identifier":"c"}]`, 422, "a label of 21"},
		{`"status":"completed"`, 422, "completed without a conclusion"},
		{`"status":"done"`, 422, "no such status"},
		{`"conclusion":"good"`, 422, "no such conclusion"},
		{`"conclusion":"stale"`, 422, "only GitHub makes a run stale"},
	} {
		got := w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+head+`",`+c.body+`}`)
		if got.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.why, got.status, got.message(), c.status)
		}
	}
}

// Updates keep what they do not name, and annotations add up.
func TestCheckRunUpdates(t *testing.T) {
	w := newWorld(t)
	head := w.repo.Tip("main")
	auth := w.token(`null`)
	var run struct {
		ID                 int64
		Status, Conclusion string
		CompletedAt        *string `json:"completed_at"`
		ExternalID         string  `json:"external_id"`
		Output             struct {
			AnnotationsCount int `json:"annotations_count"`
			Title            string
		}
	}
	created := w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+head+`","external_id":"e","output":{"title":"one","summary":"s","annotations":`+annotations(50)+`}}`)
	w.must(jsonInto(created.body, &run))
	if run.Status != "queued" || run.CompletedAt != nil {
		t.Errorf("new run: %+v", run)
	}
	path := "/repos/octo/blog/check-runs/" + itoa(run.ID)
	w.must(jsonInto(w.call("PATCH", path, auth, `{"conclusion":"failure","output":{"title":"two","summary":"s","annotations":`+annotations(10)+`}}`).body, &run))
	if run.Status != "completed" || run.Conclusion != "failure" || run.CompletedAt == nil || run.Output.AnnotationsCount != 60 || run.ExternalID != "e" || run.Output.Title != "two" {
		t.Errorf("after the update: %+v", run)
	}
	list, res, err := w.client().Checks.ListCheckRunAnnotations(t.Context(), "octo", "blog", run.ID, &github.ListOptions{PerPage: 50})
	w.must(err)
	if len(list) != 50 || res.NextPage != 2 {
		t.Errorf("annotations: %d on the first page, next %d", len(list), res.NextPage)
	}
	run.Conclusion = ""
	w.must(jsonInto(w.call("PATCH", path, auth, `{"status":"in_progress"}`).body, &run))
	if run.Status != "in_progress" || run.Conclusion != "" || run.CompletedAt != nil {
		t.Errorf("reopened: %+v", run)
	}
}

func TestCheckRunFilters(t *testing.T) {
	w := newWorld(t)
	head := w.repo.Tip("main")
	auth := w.token(`null`)
	post := func(name, conclusion string) {
		got := w.call("POST", "/repos/octo/blog/check-runs", auth, fmt.Sprintf(`{"name":%q,"head_sha":%q,"conclusion":%q}`, name, head, conclusion))
		if got.status != http.StatusCreated {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	post("a", "failure")
	post("a", "success")
	post("b", "success")
	for query, want := range map[string]int{"": 2, "?filter=latest": 2, "?filter=all": 3, "?check_name=a": 1, "?check_name=a&filter=all": 2,
		"?status=completed": 2, "?status=queued": 0, "?app_id=1": 0, "?app_id=" + itoa(w.app.ID): 2, "?per_page=1": 2} {
		var got struct {
			TotalCount int `json:"total_count"`
		}
		w.must(jsonInto(w.call("GET", "/repos/octo/blog/commits/"+head+"/check-runs"+query, auth, "").body, &got))
		if got.TotalCount != want {
			t.Errorf("check-runs%s: %d, want %d", query, got.TotalCount, want)
		}
	}
}

// Of one name a suite keeps the last thousand runs.
func TestAThousandRuns(t *testing.T) {
	w := newWorld(t)
	head, name := w.repo.Tip("main"), "x"
	w.app.HookURL = "" // nobody listens: a thousand deliveries are not the point
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	var first int64
	for i := range maxSameName + 5 {
		run, refusal := w.repo.createRun(w.app, checkRequest{Name: &name, HeadSHA: &head})
		if refusal != nil {
			t.Fatal(refusal.body)
		}
		if i == 0 {
			first = run.id
		}
	}
	if len(w.repo.runs) != maxSameName || w.repo.run(first) != nil {
		t.Errorf("%d runs kept; the first is still there: %v", len(w.repo.runs), w.repo.run(first) != nil)
	}
}

func TestSuites(t *testing.T) {
	for _, c := range []struct {
		runs               []string // "status" or a conclusion, of runs with different names
		status, conclusion string
	}{
		{nil, "queued", ""},
		{[]string{"queued"}, "queued", ""},
		{[]string{"success", "in_progress"}, "in_progress", ""},
		{[]string{"success", "success"}, "completed", "success"},
		{[]string{"success", "neutral", "timed_out"}, "completed", "timed_out"},
		{[]string{"success", "failure"}, "completed", "failure"},
		{[]string{"skipped", "neutral"}, "completed", "neutral"},
		{[]string{"failure", "action_required"}, "completed", "action_required"},
	} {
		s := &suite{repo: &Repo{}}
		for i, is := range c.runs {
			run := &checkRun{suite: s, name: itoa(int64(i)), status: is}
			if is != "queued" && is != "in_progress" {
				run.status, run.conclusion = "completed", is
			}
			s.repo.runs = append(s.repo.runs, run)
		}
		if status, conclusion := s.status(); status != c.status || conclusion != c.conclusion {
			t.Errorf("suite of %v: %s %s, want %s %s", c.runs, status, conclusion, c.status, c.conclusion)
		}
	}
}

// Asking again queues the suite, leaves the run, and tells only the App whose it is.
func TestRerequest(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	gh := w.client()
	run, _, err := gh.Checks.CreateCheckRun(t.Context(), "octo", "blog", github.CreateCheckRunOptions{Name: "x", HeadSHA: p.Head(), Conclusion: github.String("failure")})
	w.must(err)
	w.drain()
	w.hook.take()
	if !w.repo.Rerequest(w.ann, run.GetID()) {
		t.Fatal("no such run")
	}
	w.drain()
	if events := w.hook.take(); !slices.Equal(events, []string{"check_run rerequested"}) {
		t.Errorf("events: %v", events)
	}
	run, _, err = gh.Checks.GetCheckRun(t.Context(), "octo", "blog", run.GetID())
	w.must(err)
	suite, _, err := gh.Checks.GetCheckSuite(t.Context(), "octo", "blog", run.GetCheckSuite().GetID())
	w.must(err)
	if run.GetStatus() != "completed" || suite.GetStatus() != "queued" || suite.GetConclusion() != "" {
		t.Errorf("run %s, suite %s %s", run.GetStatus(), suite.GetStatus(), suite.GetConclusion())
	}
	w.repo.RerequestSuites(w.ann, p.Head())
	w.drain()
	if events := w.hook.take(); !slices.Equal(events, []string{"check_suite rerequested"}) {
		t.Errorf("events: %v", events)
	}
}
