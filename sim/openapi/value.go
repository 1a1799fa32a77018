package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// judge holds a decoded JSON value to a schema and to the shape of real documents, and to itself.
func judge(s *openapi3.Schema, real *shape, v any) []Violation {
	out := visit(s, v, "")
	out = append(out, unknown([]*openapi3.Schema{s}, v, "")...)
	out = append(out, real.absent(v, "")...)
	return append(out, conflicts(v, "")...)
}

// visit reports where v differs from the schema.
func visit(s *openapi3.Schema, v any, at string) []Violation {
	return flatten(s.VisitJSON(v,
		openapi3.MultiErrors(), openapi3.EnableFormatValidation(), openapi3.DisableSchemaErrorDetails(),
		openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
			"uri":          openapi3.NewCallbackValidator(absoluteURL),
			"uri-template": openapi3.NewCallbackValidator(absoluteURL),
			"email":        openapi3.NewCallbackValidator(address),
		})), at)
}

// flatten turns what the library found into violations below at.
func flatten(err error, at string) []Violation {
	var found *openapi3.SchemaError
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		var out []Violation
		for _, err := range e {
			out = append(out, flatten(err, at)...)
		}
		return out
	default:
		if !errors.As(err, &found) {
			return []Violation{{At: at, Kind: Invalid, Msg: err.Error()}}
		}
	}
	for _, segment := range found.JSONPointer() {
		at += "/" + segment
	}
	var inner []Violation
	switch found.SchemaField {
	case "oneOf":
		inner = nearest(chosen(found.Schema, found.Value), found.Value, at)
	case "anyOf":
		inner = nearest(found.Schema.AnyOf, found.Value, at)
	case "allOf":
		for _, part := range found.Schema.AllOf {
			inner = append(inner, visit(part.Value, found.Value, at)...)
		}
	case "required":
		return []Violation{{At: at, Kind: Missing, Msg: "the description requires it"}}
	}
	if inner != nil {
		return inner
	}
	return []Violation{{At: at, Kind: Invalid, Msg: reasonOf(found)}}
}

// reasonOf says what was found where a value has the wrong type.
func reasonOf(e *openapi3.SchemaError) string {
	if e.SchemaField == "type" || e.SchemaField == "nullable" {
		return e.Reason + ", not " + kindOf(e.Value)
	}
	return e.Reason
}

// nearest reports the differences from the alternative that v comes closest to: the one v has the right type for, with
// the fewest differences. It returns nothing when v satisfies one, which says that v satisfies several.
func nearest(alternatives openapi3.SchemaRefs, v any, at string) []Violation {
	var best []Violation
	for i, alternative := range alternatives {
		vs := visit(alternative.Value, v, at)
		if len(vs) == 0 {
			return nil
		}
		if i == 0 || distance(vs, at) < distance(best, at) {
			best = vs
		}
	}
	return best
}

// chosen are the alternatives that a discriminator leaves, or all.
func chosen(s *openapi3.Schema, v any) openapi3.SchemaRefs {
	object, _ := v.(map[string]any)
	if s.Discriminator == nil {
		return s.OneOf
	}
	name, _ := object[s.Discriminator.PropertyName].(string)
	ref := s.Discriminator.Mapping[name].Ref
	return slices.DeleteFunc(slices.Clone(s.OneOf), func(r *openapi3.SchemaRef) bool { return ref != "" && r.Ref != ref })
}

// distance grows with the number of violations; one of the value at the pointer itself, such as its type, weighs most.
func distance(vs []Violation, at string) int {
	n := len(vs)
	for _, v := range vs {
		if v.At == at {
			n += 1000
		}
	}
	return n
}

// unknown reports the properties of v, and of what is in it, that none of the schemas knows. A value may satisfy any of
// the schemas: alternatives are read as one, so a property of another alternative is not noticed.
func unknown(schemas []*openapi3.Schema, v any, at string) []Violation {
	schemas = alternatives(schemas)
	var out []Violation
	switch v := v.(type) {
	case []any:
		var items []*openapi3.Schema
		for _, s := range schemas {
			if s.Items != nil {
				items = append(items, s.Items.Value)
			}
		}
		for i, value := range v {
			out = append(out, unknown(items, value, at+"/"+strconv.Itoa(i))...)
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			known, free := property(schemas, key)
			switch {
			case len(known) > 0:
				out = append(out, unknown(known, v[key], at+"/"+key)...)
			case !free:
				out = append(out, Violation{At: at + "/" + key, Kind: Unknown, Msg: "the description knows no such property; is the name right?"})
			}
		}
	}
	return out
}

// property returns the schemas of one property. It is free when it needs none: the object is a map from names chosen by
// the sender, or nothing is said about its properties at all.
func property(schemas []*openapi3.Schema, key string) (known []*openapi3.Schema, free bool) {
	named := false
	for _, s := range schemas {
		named = named || len(s.Properties) > 0
		if p := s.Properties[key]; p != nil {
			known = append(known, p.Value)
		}
		if s.AdditionalProperties.Schema != nil {
			free = true
		}
	}
	if len(known) > 0 {
		return known, true
	}
	for _, s := range schemas {
		if !named && (s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has) {
			free = true
		}
	}
	return nil, free || len(schemas) == 0
}

// alternatives returns the schemas with all that they are put together from.
func alternatives(schemas []*openapi3.Schema) []*openapi3.Schema {
	var out []*openapi3.Schema
	for _, s := range schemas {
		out = append(out, s)
		for _, refs := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
			for _, ref := range refs {
				out = append(out, alternatives([]*openapi3.Schema{ref.Value})...)
			}
		}
	}
	return out
}

// decode parses a body that must be one JSON value.
func decode(body []byte) (any, error) {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return v, nil
}

// kindOf names the JSON type of v.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "an object"
}

// absoluteURL accepts URLs with a scheme, and git's short form git@host:path, which the description calls a uri too.
// The variables of a template need no parsing.
func absoluteURL(s string) error {
	s, _, _ = strings.Cut(s, "{")
	if user, rest, ok := strings.Cut(s, "@"); ok && user == "git" && strings.Contains(rest, ":") {
		return nil
	}
	if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host+u.Opaque == "" {
		return errors.New("not an absolute URL")
	}
	return nil
}

// address accepts e-mail addresses, those of Apps with their brackets included.
func address(s string) error {
	if _, err := mail.ParseAddress(strings.NewReplacer("[", "", "]", "").Replace(s)); err != nil {
		return errors.New("not an e-mail address")
	}
	return nil
}
