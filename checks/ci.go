package checks

import "time"

// CI is what the repository's CI reported about the head, as the API answered. Nil in Facts: it was not asked.
type CI struct {
	// Runs, CheckRuns and Statuses were all read, as far as the contract's evidence needs them: what is not in them did
	// not happen. Runs of another commit are here only where that commit has the head's tree.
	Runs      []Run
	CheckRuns []CheckRun
	Statuses  []Status
	// Workflows maps the path of a workflow file that the contract names to its source at the head; a path without a
	// regular file there is missing.
	Workflows map[string]string
}

// Run is one run of a workflow: its latest attempt.
// Source: https://docs.github.com/en/rest/actions/workflow-runs
type Run struct {
	ID         int64
	Workflow   string // path of the workflow's file, without the @ref that the API may add
	Event      string // push, pull_request, …
	Repo       int64  // of the branch that started it (head_repository)
	SHA        string // the commit that it says it ran
	Tree       string // the tree of SHA; "" when not known
	Attempt    int
	Status     string // queued, in_progress, completed, waiting, …
	Conclusion string // success, failure, … once completed
	URL        string
	Created    time.Time // when the latest attempt began (run_started_at, else created_at)
	Jobs       []RunJob  // of the latest attempt
	JobsKnown  bool      // Jobs was read and is complete
}

// RunJob is one job of a run's latest attempt.
type RunJob struct {
	ID         int64  // also the id of its check run
	Name       string // the job's name, or its id in the file
	Status     string
	Conclusion string
	Started    time.Time // zero: not yet
	URL        string
	Steps      []RunStep
	Errors     []string // messages of its failure annotations, in order
}

// RunStep is one step of a job, by the name that GitHub shows.
type RunStep struct {
	Number     int
	Name       string
	Status     string
	Conclusion string
}

// CheckRun is a check run on the head by another App: the newest of its name and App.
type CheckRun struct {
	ID         int64
	Name       string
	AppID      int64
	App        string // slug
	SHA        string
	Status     string
	Conclusion string
	Title      string
	URL        string
	Started    time.Time
	Errors     []string // messages of its failure annotations, in order
}

// Status is the newest commit status of a context by one creator.
type Status struct {
	Context     string
	Creator     Account
	State       string // success, failure, error, pending
	Description string
	URL         string
	At          time.Time
}

// PastFailure is a past failure of a requirement, as the store remembers it.
type PastFailure struct {
	Requirement string    `json:"requirement"`
	Signature   string    `json:"signature"` // the Hash of a Signature
	Head        string    `json:"head"`
	PR          int       `json:"pr,omitempty"`
	URL         string    `json:"url,omitempty"`
	At          time.Time `json:"at"`
}

// PastPass is a requirement that was shown at a past head.
type PastPass struct {
	Requirement string
	Head        string
}

// Past is what the store remembers of the head branch, across pull requests and force-pushes. A head at which a
// requirement neither failed nor passed, because CI had not ended there, does not interrupt a row of equal failures.
type Past struct {
	Heads    []string      // every head that was judged, in order; the present one may be among them
	Failures []PastFailure // of those heads: Report.Signatures
	Passes   []PastPass    // of those heads: the rows of Report.Matrix in RowShown that had evidence
}
