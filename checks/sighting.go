package checks

import (
	"fmt"
	"strings"
	"time"
)

// outlook is how far CI has come with one requirement.
type outlook int

// The outlooks, in the order in which several are combined: of two that count, the later one in this list stands.
const (
	seesNothing outlook = iota // CI has ended, or cannot begin, and nothing of it counts
	seesSuccess
	seesWaiting // CI has not begun, or not ended
	seesLate    // the same, for too long
	seesBlocked // a person must let it go on
	seesFailure
	seesUnknown // what CI says could not be read
)

// sighting is what CI shows of one requirement. What others wrote is in why and first as code spans and raw text.
type sighting struct {
	outlook outlook
	what    string    // what was looked at, as prose: "job `check` of `ci.yml`"
	why     string    // prose that follows what
	fix     string    // what to do about it; "" where the rule says it
	person  bool      // a person must do it
	stale   string    // a commit of other contents that CI reported on
	sha     string    // the other commit of the same tree that the evidence is of
	url     string    // of the run, check run or status
	first   string    // the first error, as CI gave it
	since   time.Time // of waiting
	alive   bool      // CI has noticed the commit, if only by putting something in a queue
	ran     bool      // something began to run
}

// worse combines two sightings of one requirement.
func (s sighting) worse(t sighting) sighting {
	if t.outlook > s.outlook {
		return t
	}
	return s
}

// ended is what a job, a check run or a step that is completed shows. Only success counts: GitHub lets neutral and
// skipped pass, and neither says that anything ran.
func ended(conclusion string) (outlook, string) {
	switch conclusion {
	case "success":
		return seesSuccess, "passed"
	case "failure":
		return seesFailure, "failed"
	case "timed_out":
		return seesFailure, "ran out of its time"
	case "startup_failure":
		return seesFailure, "could not start"
	case "error":
		return seesFailure, "ended with an error"
	case "action_required":
		return seesBlocked, "waits for a person to let it run on GitHub"
	case "cancelled":
		return seesNothing, "was cancelled"
	case "skipped":
		return seesNothing, "was skipped"
	case "neutral":
		return seesNothing, "ended neutral, which is not success"
	case "stale":
		return seesNothing, "was given up by GitHub as stale"
	}
	return seesNothing, "ended as " + code(conclusion) + ", which is not success"
}

// awaited is what something shows that has not ended: it waits since a time, and is late when that is longer ago than
// the contract's queue.timeout. A time that is not known is late: nobody could tell when it should end.
func (j *judge) awaited(s sighting, how string, since time.Time) sighting {
	s.since = since
	limit := j.contract.Queue.Timeout
	switch {
	case since.IsZero() || j.facts.ReadAt.IsZero():
		s.outlook, s.why = seesLate, how+", since when is not known"
	case limit > 0 && j.facts.ReadAt.Sub(since) > limit:
		s.outlook, s.why = seesLate, fmt.Sprintf("%s since %s, longer than %s", how, clock(since), span(limit))
	default:
		s.outlook, s.why = seesWaiting, how+" since "+clock(since)
	}
	return s
}

// clock is a time of day for readers. Documents change with what happened, not with the time that they are made at.
func clock(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January") }

// span is a duration without the zeros at its end.
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sameTree reports whether evidence of a commit is evidence of the head: it is the head, or, unless the very commit is
// asked for, its tree is known and the head's.
func (j *judge) sameTree(sha, tree string) bool {
	f := j.facts
	return sha != "" && (sha == f.Head.SHA || !j.exact && tree != "" && tree == f.HeadTree)
}

// otherwise says of a commit why it is not sameTree.
func (j *judge) otherwise() string {
	if j.exact {
		return "which is another commit"
	}
	return "whose contents are others"
}

// elsewhere is sha where it is not the head.
func (j *judge) elsewhere(sha string) string {
	if sha == j.facts.Head.SHA {
		return ""
	}
	return sha
}

// short is the beginning of a commit's name.
func short(sha string) string { return code(sha[:min(len(sha), 10)]) }

// firstOf returns the first text that says something.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}
