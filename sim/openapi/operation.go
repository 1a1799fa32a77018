package openapi

import (
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one compiled REST operation.
type operation struct {
	name   string // "GET /repos/{owner}/{repo}"
	spec   *openapi3.Operation
	shapes map[string]*shape // status and media type → what GitHub's examples of that response have
}

// operation returns the operation called name, compiling it when it is first met.
func (d *Description) operation(name string, raw map[string]any) (*operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if op := d.operations[name]; op != nil {
		return op, nil
	}
	spec, err := d.rest.compile(raw)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", name, err)
	}
	op := &operation{name: name, spec: spec, shapes: map[string]*shape{}}
	for status, response := range spec.Responses.Map() {
		for mediaType, content := range response.Value.Content {
			var s *shape
			for _, example := range content.Examples {
				s = s.merge(describedShape(content.Schema.Value, d.rest.example(example.Value.Value)))
			}
			op.shapes[status+" "+mediaType] = s
		}
	}
	d.operations[name] = op
	return op, nil
}

// example returns an example's value, also where the description has only a reference in its place.
func (d *document) example(v any) any {
	object, _ := v.(map[string]any)
	ref, _ := object["$ref"].(string)
	if named, ok := d.Components["examples"][strings.TrimPrefix(ref, "#/components/examples/")].(map[string]any); ok {
		return named["value"]
	}
	return v
}

// event is one compiled webhook.
type event struct {
	schema *openapi3.Schema
	shape  *shape
}

// event returns the webhook of the given event and action ("" when it has none), compiling it when it is first met.
func (d *Description) event(name, action string) (*event, error) {
	key := hookName(name, action)
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.events[key]; e != nil {
		return e, nil
	}
	raw := d.hooks.Webhooks[key]["post"]
	if raw == nil {
		return nil, fmt.Errorf("no webhook %q with action %q in GitHub's description as cut down by testdata/github/refresh", name, action)
	}
	op, err := d.hooks.compile(raw)
	if err != nil {
		return nil, fmt.Errorf("compile webhook %s: %w", key, err)
	}
	content := op.RequestBody.Value.Content["application/json"]
	e := &event{schema: content.Schema.Value, shape: d.recordedShape(content.Schema.Value, name, action)}
	d.events[key] = e
	return e, nil
}
