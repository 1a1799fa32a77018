package openapi

import (
	"slices"
	"strings"
)

// Kind tells violations apart that are excused for different reasons.
type Kind string

// The kinds of violation.
const (
	Missing  Kind = "missing"  // a property that the description requires
	Absent   Kind = "absent"   // a property that GitHub's own examples have
	Unknown  Kind = "unknown"  // an operation, parameter, property, status or event that the description does not know
	Invalid  Kind = "invalid"  // a value of a wrong type, format or range
	Conflict Kind = "conflict" // two values that cannot both be true
)

// Violation is one difference from GitHub's description.
type Violation struct {
	Op    string // the operation's id in the description, or the event with its action: "pulls/get", "push"
	Where string // the request line and status, empty for events
	In    string // "request body", "query", "response body", …
	At    string // JSON pointer, without escapes, or the parameter's name
	Kind  Kind
	Msg   string
}

// String returns the violation in one line.
func (v Violation) String() string {
	var parts []string
	for _, p := range []string{v.Op, v.Where, v.In, v.At, string(v.Kind), v.Msg} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// Violations is the error that Validate, ValidateEvent and ValidateDelivery return: all that was found, not just the
// first.
type Violations []Violation

// Error returns one line for each violation.
func (vs Violations) Error() string {
	lines := make([]string, len(vs))
	for i, v := range vs {
		lines[i] = v.String()
	}
	return strings.Join(lines, "\n")
}

// result says what the violations are about, drops those that allow.go excuses or that were said twice, and returns nil
// when none is left.
func (d *Description) result(op, where string, vs []Violation) error {
	var out Violations
	for _, v := range vs {
		v.Op, v.Where = op, where
		said := slices.ContainsFunc(out, func(o Violation) bool {
			return o.In == v.In && o.At == v.At && (o.Kind == v.Kind || o.Kind == Missing && v.Kind == Absent)
		})
		if !said && !excused(d.exceptions, v) {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// within sets the part of the exchange that the violations are in.
func within(in string, vs []Violation) []Violation {
	for i := range vs {
		vs[i].In = in
	}
	return vs
}
