package openapi

import (
	"sort"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// shape is what real documents have: the properties of objects and the shape of list elements. Values do not matter. A
// nil shape asks for nothing.
type shape struct {
	fields map[string]*shape
	items  *shape
}

// shapeOf returns the shape of one document.
func shapeOf(v any) *shape {
	switch v := v.(type) {
	case map[string]any:
		s := &shape{fields: make(map[string]*shape, len(v))}
		for key, value := range v {
			s.fields[key] = shapeOf(value)
		}
		return s
	case []any:
		s := &shape{}
		for _, value := range v {
			s.items = s.items.merge(shapeOf(value))
		}
		return s
	}
	return nil
}

// describedShape is the shape of an example without the properties that its own description does not know: those nobody
// can be held to.
func describedShape(schema *openapi3.Schema, v any) *shape {
	s := shapeOf(v)
	for _, violation := range unknown([]*openapi3.Schema{schema}, v, "") {
		s.forget(strings.Split(violation.At, "/")[1:])
	}
	return s
}

// forget drops the property at a JSON pointer, in all elements of lists on the way.
func (s *shape) forget(at []string) {
	switch {
	case s == nil:
	case s.items != nil:
		s.items.forget(at[1:])
	case len(at) == 1:
		delete(s.fields, at[0])
	default:
		s.fields[at[0]].forget(at[1:])
	}
}

// merge returns what either shape has. What one document has and another lacks is thereby asked for: lists of
// exceptions say, with a reason, where that asks too much.
func (s *shape) merge(t *shape) *shape {
	switch {
	case s == nil:
		return t
	case t == nil:
		return s
	}
	m := &shape{items: s.items.merge(t.items)}
	if s.fields != nil || t.fields != nil {
		m.fields = make(map[string]*shape, len(s.fields)+len(t.fields))
		for key, f := range s.fields {
			m.fields[key] = f.merge(t.fields[key])
		}
		for key, f := range t.fields {
			if _, ok := s.fields[key]; !ok {
				m.fields[key] = f
			}
		}
	}
	return m
}

// absent reports the properties that the shape has and v lacks. Null and empty lists lack nothing.
func (s *shape) absent(v any, at string) []Violation {
	if s == nil {
		return nil
	}
	var out []Violation
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(s.fields) {
			value, ok := v[key]
			if !ok {
				out = append(out, Violation{Kind: Absent, At: at + "/" + key, Msg: "GitHub's own example has it"})
				continue
			}
			out = append(out, s.fields[key].absent(value, at+"/"+key)...)
		}
	case []any:
		for i, value := range v {
			out = append(out, s.items.absent(value, at+"/"+strconv.Itoa(i))...)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
