package openapi

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Description is GitHub's description of its REST API and webhooks, as far as the project uses them. It is safe for
// concurrent use.
type Description struct {
	rest, hooks document
	routes      []route
	examples    map[string][]any // event, as in X-GitHub-Event → recorded payloads
	exceptions  []exception

	mu         sync.Mutex // guards what is compiled on first use
	operations map[string]*operation
	events     map[string]*event
}

// shared is read once for a test binary: all tests of a package judge by the same description.
var shared = sync.OnceValues(func() (*Description, error) {
	dir, err := findTestdata()
	if err != nil {
		return nil, err
	}
	return LoadFrom(dir)
})

// Load returns the description in testdata/github of the module whose folder, or a folder below, is the working
// directory, as it is in every test. It is read once for a process.
func Load() (*Description, error) { return shared() }

// LoadFrom reads the description from dir.
func LoadFrom(dir string) (*Description, error) {
	d := &Description{exceptions: slices.Concat(exceptions, unshown), operations: map[string]*operation{}, events: map[string]*event{}}
	var recorded []struct {
		Name     string `json:"name"`
		Examples []any  `json:"examples"`
	}
	for name, into := range map[string]any{
		"rest.openapi.json.gz": &d.rest, "webhooks.openapi.json.gz": &d.hooks, "webhook-examples.json.gz": &recorded,
	} {
		if err := readGzip(filepath.Join(dir, name), into); err != nil {
			return nil, fmt.Errorf("read GitHub's description: %w; testdata/github/refresh makes it anew", err)
		}
	}
	d.examples = make(map[string][]any, len(recorded))
	for _, r := range recorded {
		d.examples[r.Name] = r.Examples
	}
	d.routes = routesOf(d.rest.Paths)
	return d, nil
}

func readGzip(name string, into any) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	return nil
}

// findTestdata looks for testdata/github beside the nearest go.mod above the working directory.
func findTestdata() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "testdata", "github"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find GitHub's description: no go.mod above %s; run the test in its own folder", start)
		}
	}
}

// document is an OpenAPI document as plain JSON. Building schemas for all of it takes half a second, and a test meets a
// few operations only, so each operation and event is compiled when it is first met, with the components it needs.
type document struct {
	OpenAPI    string                               `json:"openapi"`
	Info       map[string]any                       `json:"info"`
	Paths      map[string]map[string]map[string]any `json:"paths"`    // template → method → operation
	Webhooks   map[string]map[string]map[string]any `json:"webhooks"` // event-action → "post" → operation
	Components map[string]map[string]any            `json:"components"`
}

// compile builds the one operation given, at an arbitrary path.
func (d *document) compile(op map[string]any) (*openapi3.Operation, error) {
	components := map[string]map[string]any{}
	d.collect(op, components)
	data, err := json.Marshal(map[string]any{
		"openapi": d.OpenAPI, "info": d.Info, "components": components,
		"paths": map[string]any{"/": map[string]any{"post": op}},
	})
	if err != nil {
		return nil, err
	}
	t, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	return t.Paths.Value("/").Post, nil
}

// collect copies every component that node refers to, and what those refer to in turn, into components.
func (d *document) collect(node any, components map[string]map[string]any) {
	switch node := node.(type) {
	case []any:
		for _, v := range node {
			d.collect(v, components)
		}
	case map[string]any:
		for _, v := range node {
			d.collect(v, components)
		}
		ref, _ := node["$ref"].(string)
		kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
		if _, seen := components[kind][name]; !ok || seen {
			return
		}
		if components[kind] == nil {
			components[kind] = map[string]any{}
		}
		components[kind][name] = d.Components[kind][name]
		d.collect(components[kind][name], components)
	}
}
