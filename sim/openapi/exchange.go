package openapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Exchange is one REST request and its response.
type Exchange struct {
	Method         string
	Path           string // below the API's root, escaped as on the wire: /repos/octo/blog/git/ref/heads%2Fmain
	Query          url.Values
	RequestHeader  http.Header
	RequestBody    []byte
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte
}

// Validate holds an exchange to GitHub's description. The error is a Violations with all differences.
func (d *Description) Validate(x Exchange) error {
	where := fmt.Sprintf("%s %s %d", x.Method, x.Path, x.Status)
	op, params, err := d.find(x.Method, x.Path)
	if err != nil {
		return d.result("", where, []Violation{{Kind: Unknown, Msg: err.Error()}})
	}
	var out []Violation
	if x.Status != http.StatusBadRequest && x.Status != http.StatusUnprocessableEntity {
		out = append(out, within("path", op.path(params))...)
		out = append(out, within("query", op.query(x.Query))...)
		out = append(out, within("request body", op.request(x.RequestBody))...)
	}
	out = append(out, within("response", op.response(x))...)
	return d.result(op.spec.OperationID, where, out)
}

func (op *operation) path(params map[string]string) []Violation {
	var out []Violation
	for _, name := range sortedKeys(params) {
		if p := op.spec.Parameters.GetByInAndName("path", name); p != nil {
			out = append(out, scalar(p, params[name])...)
		}
	}
	return out
}

func (op *operation) query(query url.Values) []Violation {
	var out []Violation
	for _, name := range sortedKeys(query) {
		p := op.spec.Parameters.GetByInAndName("query", name)
		if p == nil {
			out = append(out, Violation{At: name, Kind: Unknown, Msg: "the operation has no such parameter"})
			continue
		}
		for _, value := range query[name] {
			out = append(out, scalar(p, value)...)
		}
		if n, err := strconv.Atoi(query.Get(name)); name == "per_page" && err == nil && n > 100 {
			out = append(out, Violation{At: name, Kind: Invalid, Msg: "pages have at most 100 elements; more are not given, and nothing says so"})
		}
	}
	for _, p := range op.spec.Parameters {
		if p.Value.In == "query" && p.Value.Required && !query.Has(p.Value.Name) {
			out = append(out, Violation{At: p.Value.Name, Kind: Missing, Msg: "the description requires it"})
		}
	}
	return out
}

// scalar holds a parameter, which is text on the wire, to the type its schema has.
func scalar(p *openapi3.Parameter, text string) []Violation {
	s := p.Schema.Value
	var v any = text
	var err error
	switch {
	case s.Type.Is("integer"):
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v = float64(n)
	case s.Type.Is("boolean"):
		v, err = strconv.ParseBool(text)
	}
	if err != nil {
		return []Violation{{At: p.Name, Kind: Invalid, Msg: fmt.Sprintf("%q is no %s", text, s.Type.Slice()[0])}}
	}
	return visit(s, v, p.Name)
}

// request holds a request's body to the description. The body null counts as none: ghinstallation sends it where it has
// nothing to say, and GitHub takes it.
func (op *operation) request(body []byte) []Violation {
	body = bytes.TrimSpace(body)
	absent := len(body) == 0 || string(body) == "null"
	spec := op.spec.RequestBody
	switch {
	case absent && spec != nil && spec.Value.Required && !allOptional(spec.Value):
		return []Violation{{Kind: Missing, Msg: "the description requires one"}}
	case absent:
		return nil
	case spec == nil:
		return []Violation{{Kind: Unknown, Msg: "the operation takes none"}}
	}
	content := spec.Value.Content["application/json"]
	v, err := decode(body)
	if err != nil {
		return []Violation{{Kind: Invalid, Msg: err.Error()}}
	}
	return judge(content.Schema.Value, nil, v)
}

// allOptional reports whether a body that is called required may as well be empty.
func allOptional(spec *openapi3.RequestBody) bool {
	content := spec.Content["application/json"]
	return content == nil || visit(content.Schema.Value, map[string]any{}, "") == nil
}

// response holds status, headers and body of a response to the description.
func (op *operation) response(x Exchange) []Violation {
	status := strconv.Itoa(x.Status)
	documented := op.spec.Responses.Value(status)
	if documented == nil && !anyMayAnswer(x.Method, x.Status) {
		return []Violation{{At: "status", Kind: Unknown, Msg: "not documented for this operation, and not one that any operation may answer"}}
	}
	body := bytes.TrimSpace(x.ResponseBody)
	switch {
	case x.Status >= 500:
		return nil // what a broken server says is not described
	case x.Status == http.StatusNoContent || x.Status == http.StatusNotModified:
		if len(body) > 0 {
			return []Violation{{At: "body", Kind: Unknown, Msg: "a response of this status has none"}}
		}
		return nil
	}
	mediaType, content := op.content(documented, x.RequestHeader.Get("Accept"))
	if mediaType != "application/json" && mediaType != "application/vnd.github.object" && mediaType != "" {
		return asked(mediaType, x.ResponseHeader)
	}
	if got := x.ResponseHeader.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		return []Violation{{At: "Content-Type", Kind: Invalid, Msg: fmt.Sprintf("%q, not application/json", got)}}
	}
	v, err := decode(body)
	if err != nil {
		return []Violation{{At: "body", Kind: Invalid, Msg: err.Error()}}
	}
	if object, ok := v.(map[string]any); ok && x.Status >= 400 && object["status"] == status {
		delete(object, "status") // every error repeats it, though few errors' descriptions know that
	}
	if content != nil {
		return append(judge(content.Schema.Value, op.shapes[status+" "+mediaType], v), pages(x, v)...)
	}
	if x.Status >= 300 {
		return errorBody(v)
	}
	return nil
}

// content returns the media type that the client asked for and its description. A request for application/json, for
// anything, or for what the operation does not offer is answered in JSON.
func (op *operation) content(documented *openapi3.ResponseRef, accept string) (string, *openapi3.MediaType) {
	var offered openapi3.Content
	if documented != nil {
		offered = documented.Value.Content
	}
	for _, suffix := range []string{"raw", "diff", "patch", "sha", "object"} {
		mediaType := "application/vnd.github." + suffix
		versioned := "application/vnd.github.v3." + suffix
		if documented == nil || !strings.HasPrefix(accept, mediaType) && !strings.HasPrefix(accept, versioned) {
			continue
		}
		content := offered[mediaType]
		if content != nil || strings.HasPrefix(op.name, "GET ") && prosaic[op.spec.OperationID+" "+suffix] {
			return mediaType, content
		}
	}
	if content := offered["application/json"]; content != nil && content.Schema != nil {
		return "application/json", content
	}
	return "", nil
}

// asked holds the Content-Type of an answer that is not JSON to the media type that was asked for.
func asked(mediaType string, header http.Header) []Violation {
	got := strings.Replace(header.Get("Content-Type"), "vnd.github.v3.", "vnd.github.", 1)
	if strings.HasPrefix(got, mediaType) {
		return nil
	}
	return []Violation{{At: "Content-Type", Kind: Invalid, Msg: fmt.Sprintf("%q, not %s, which was asked for", got, mediaType)}}
}

// errorBody holds an answer to the form that GitHub's errors have where none is documented.
func errorBody(v any) []Violation {
	object, _ := v.(map[string]any)
	var out []Violation
	for _, key := range []string{"message", "documentation_url"} {
		if text, _ := object[key].(string); text == "" {
			out = append(out, Violation{At: "/" + key, Kind: Missing, Msg: "every error has it"})
		}
	}
	return out
}

// pages reports a list that ends before its total_count without saying where it goes on.
func pages(x Exchange, v any) []Violation {
	object, _ := v.(map[string]any)
	total, ok := object["total_count"].(float64)
	if !ok || x.Query.Get("page") != "" && x.Query.Get("page") != "1" {
		return nil
	}
	for _, key := range sortedKeys(object) {
		list, ok := object[key].([]any)
		switch {
		case !ok:
		case float64(len(list)) > total:
			return []Violation{{At: "/total_count", Kind: Conflict, Msg: fmt.Sprintf("%v, but %s has %d elements", total, key, len(list))}}
		case float64(len(list)) < total && !strings.Contains(x.ResponseHeader.Get("Link"), `rel="next"`):
			return []Violation{{At: "/total_count", Kind: Conflict, Msg: fmt.Sprintf("%v, but %s has %d elements, and no Link says where the next are", total, key, len(list))}}
		}
	}
	return nil
}
