package openapi

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"
)

// mutant is a document with one change.
type mutant struct {
	what string // the change: "drop /a/b"
	body any
}

// mutate changes one property, chosen at random among all in the document: it is dropped, renamed, or given a value of
// another JSON type. The document itself is left as it is.
func mutate(rng *rand.Rand, body any) mutant {
	at := pointers(body, "")
	p := at[rng.Intn(len(at))]
	kind := []string{"drop", "rename", "retype"}[rng.Intn(3)]
	return mutant{what: kind + " " + p, body: changed(body, "", p, kind)}
}

// pointers lists every property of every object in v.
func pointers(v any, at string) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			out = append(append(out, at+"/"+key), pointers(v[key], at+"/"+key)...)
		}
	case []any:
		for i, value := range v {
			out = append(out, pointers(value, at+"/"+strconv.Itoa(i))...)
		}
	}
	return out
}

// changed copies v with the change made at target.
func changed(v any, at, target, kind string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			here := at + "/" + key
			switch {
			case here != target:
				out[key] = changed(value, here, target, kind)
			case kind == "rename":
				out[key+"_x"] = value
			case kind == "retype":
				out[key] = retyped(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = changed(value, at+"/"+strconv.Itoa(i), target, kind)
		}
		return out
	}
	return v
}

func retyped(v any) any {
	switch v.(type) {
	case string:
		return 17.0
	case float64:
		return "seventeen"
	case bool:
		return map[string]any{}
	case []any:
		return "one"
	case map[string]any:
		return []any{true}
	}
	return 1.5 // null
}

// noticed reports whether the change brought a violation that the document did not have before.
func noticed(before, after error) bool {
	old := map[string]bool{}
	vs, _ := before.(Violations)
	for _, v := range vs {
		old[v.String()] = true
	}
	vs, _ = after.(Violations)
	for _, v := range vs {
		if !old[v.String()] {
			return true
		}
	}
	return false
}

// A validator that lets wrong documents pass proves nothing about the simulator.
func TestMutationsAreNoticed(t *testing.T) {
	d := load(t)
	type subject struct {
		name     string
		body     any
		validate func(any) error
	}
	var subjects []subject
	for _, event := range sortedKeys(d.examples) {
		for i, payload := range d.examples[event] {
			subjects = append(subjects, subject{fmt.Sprintf("%s %d", event, i), payload, func(v any) error {
				return d.ValidateEvent(event, encode(t, v))
			}})
		}
	}
	payloads := len(subjects)
	for x := range exampleExchanges(t, d) {
		body, err := decode(x.ResponseBody)
		if err != nil {
			t.Fatal(err)
		}
		if len(pointers(body, "")) == 0 {
			continue
		}
		if user, ok := body.(map[string]any); ok && strings.HasPrefix(x.Path, "/user") && user["login"] != nil {
			user["user_view_type"] = "public" // without it nothing else about an account is judged
			if user["plan"] != nil || x.Path == "/user" {
				user["user_view_type"] = "private"
			}
		}
		subjects = append(subjects, subject{x.Method + " " + x.Path, body, func(v any) error {
			y := x
			y.ResponseBody = encode(t, v)
			return d.Validate(y)
		}})
	}
	for _, part := range []struct {
		name     string
		subjects []subject
	}{{"payloads", subjects[:payloads]}, {"responses", subjects[payloads:]}} {
		each := 3
		if os.Getenv("AGENTPLANE_LONG") != "" {
			each = 100
		}
		rng := rand.New(rand.NewSource(1))
		total, missed := 0, 0
		for _, s := range part.subjects {
			before := s.validate(s.body)
			for range each {
				m := mutate(rng, s.body)
				total++
				if !noticed(before, s.validate(m.body)) {
					missed++
					t.Logf("not noticed: %s: %s", s.name, m.what)
				}
			}
		}
		t.Logf("%s: %d of %d mutations noticed", part.name, total-missed, total)
		if missed*20 > total {
			t.Errorf("%s: %d of %d mutations not noticed, more than 5 %%", part.name, missed, total)
		}
	}
}
