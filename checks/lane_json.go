package checks

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// laneJSON is the form of a LaneView for programs. Fields are added, never renamed.
type laneJSON struct {
	Agentplane int         `json:"agentplane"` // version of this form
	Repo       string      `json:"repo,omitempty"`
	Lane       string      `json:"lane"`
	Target     string      `json:"target,omitempty"`
	PR         int         `json:"pr"`
	Agent      string      `json:"agent,omitempty"`
	Head       string      `json:"head"`
	Verdict    Verdict     `json:"verdict"`
	Stage      string      `json:"stage"`
	Place      int         `json:"place,omitempty"`
	Hold       *holdJSON   `json:"hold,omitempty"`
	Stop       *stopJSON   `json:"stop,omitempty"`
	Missing    []string    `json:"missing,omitempty"`
	Passed     []string    `json:"passed,omitempty"`
	Batch      []int       `json:"batch,omitempty"`
	Candidate  string      `json:"candidate,omitempty"`
	Commit     string      `json:"commit,omitempty"`
	URL        string      `json:"url,omitempty"`
	Reason     *reasonJSON `json:"reason,omitempty"`
	Next       string      `json:"next"`
	Commands   []string    `json:"commands,omitempty"` // to be run before, as they stand
}

type holdJSON struct {
	Kind string `json:"kind"`
	Why  string `json:"why"`
	On   []int  `json:"on,omitempty"`
	pathsJSON
}

type stopJSON struct {
	Kind     string `json:"kind"`
	By       string `json:"by,omitempty"`
	Why      string `json:"why"`
	Expected string `json:"expected,omitempty"`
	Seen     string `json:"seen,omitempty"`
}

type reasonJSON struct {
	Kind        string `json:"kind"`
	Requirement string `json:"requirement,omitempty"`
	Detail      string `json:"detail,omitempty"`
	With        []int  `json:"with,omitempty"`
	Batch       []int  `json:"batch,omitempty"`
	Base        string `json:"base,omitempty"`
	Attempt     int    `json:"attempt"`
	Attempts    int    `json:"attempts"`
	URL         string `json:"url,omitempty"`
	pathsJSON
}

// pathsJSON is a list of paths: those that are not valid UTF-8 are in paths_b64, in base64.
type pathsJSON struct {
	Paths    []string `json:"paths,omitempty"`
	PathsB64 []string `json:"paths_b64,omitempty"`
	Omitted  int      `json:"paths_omitted,omitempty"`
}

// room is how much of each thing the form shows. A form that is too long is made again with less room.
type room struct {
	text  int // bytes of one text
	paths int
	list  int // pull requests, or names
}

func (r room) brief(s string) string { return truncate(strings.ToValidUTF8(s, "\ufffd"), r.text) }

func (r room) names(list []string) []string {
	var out []string
	for _, s := range list[:min(len(list), r.list)] {
		out = append(out, r.brief(s))
	}
	return out
}

func (r room) pulls(list []int) []int { return list[:min(len(list), r.list)] }

// files leaves out what it has no room for, and counts it: half a path is none.
func (r room) files(paths []string) pathsJSON {
	var out pathsJSON
	for i, p := range paths {
		switch {
		case i >= r.paths || len(p) > r.text:
			out.Omitted++
		case utf8.ValidString(p):
			out.Paths = append(out.Paths, p)
		default:
			out.PathsB64 = append(out.PathsB64, base64.StdEncoding.EncodeToString([]byte(p)))
		}
	}
	return out
}

// json is the form for programs, indented, in visible characters only, of at most limit bytes. The least that it can be
// is far below any limit that it is asked for.
func (v LaneView) json(limit int) string {
	text := ""
	for _, r := range []room{{1000, 50, 200}, {300, 20, 50}, {100, 5, 10}, {80, 1, 3}} {
		if text = indented(v.form(r)); len(text) <= limit {
			break
		}
	}
	return text
}

func (v LaneView) form(r room) laneJSON {
	next, script := v.next()
	form := laneJSON{
		Agentplane: 1, Repo: r.brief(v.Repo), Lane: r.brief(v.Branch), Target: r.brief(v.Target), PR: v.PR, Agent: r.brief(v.Agent), Head: r.brief(v.Head),
		Verdict: v.verdict(), Stage: r.brief(v.Stage), Place: v.Place, Missing: r.names(v.Missing), Passed: r.names(v.Passed),
		Batch: r.pulls(v.Batch), Candidate: r.brief(v.Candidate), Commit: r.brief(v.Commit), URL: r.brief(v.URL), Next: next, Commands: script,
	}
	if v.HoldKind != "" || v.Hold != "" {
		form.Hold = &holdJSON{r.brief(v.HoldKind), r.brief(v.Hold), r.pulls(v.HoldOn), r.files(v.HoldPaths)}
	}
	if s := v.Stop; s.Kind != "" {
		form.Stop = &stopJSON{r.brief(s.Kind), r.brief(s.By), r.brief(s.Why), r.brief(s.Expected), r.brief(s.Seen)}
	}
	if why := v.Reason; why != nil {
		form.Reason = &reasonJSON{
			Kind: r.brief(why.Kind), Requirement: r.brief(why.Requirement), Detail: r.brief(why.Detail), With: r.pulls(why.With), Batch: r.pulls(why.Batch),
			Base: r.brief(why.Base), Attempt: why.Attempt, Attempts: why.Attempts, URL: r.brief(why.URL), pathsJSON: r.files(why.Paths),
		}
	}
	return form
}

// indented writes a form as indented JSON of visible characters.
func indented(form any) string {
	src, err := json.MarshalIndent(form, "", "  ")
	if err != nil { // cannot happen: a form holds only strings, numbers and slices of them
		return `{"agentplane": 1}`
	}
	return string(visibleJSON(src))
}
