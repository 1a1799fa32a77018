package checks

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(ReportSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, src []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatalf("report is not JSON: %v\n%s", err, src)
	}
	if err := compiledSchema(t).Validate(doc); err != nil {
		t.Errorf("report does not keep its schema: %v\n%s", err, src)
	}
}

func TestSchemaRefuses(t *testing.T) {
	good, err := json.Marshal(Evaluate(example(t), goodFacts()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		why   string
		spoil func(m map[string]any)
	}{
		{"a verdict that is not one", func(m map[string]any) { m["verdict"] = "neutral" }},
		{"another form", func(m map[string]any) { m["agentplane"] = 2 }},
		{"a missing field", func(m map[string]any) { delete(m, "findings") }},
		{"a field nobody described", func(m map[string]any) { m["extra"] = true }},
		{"a head that is no commit", func(m map[string]any) { m["head"] = "main" }},
		{"a path in two forms", func(m map[string]any) {
			f := m["findings"].([]any)[0].(map[string]any)
			f["path"], f["path_b64"] = "a", "YQ=="
		}},
	} {
		var m map[string]any
		if err := json.Unmarshal(good, &m); err != nil {
			t.Fatal(err)
		}
		tc.spoil(m)
		src, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		if compiledSchema(t).Validate(doc) == nil {
			t.Errorf("the schema accepts %s", tc.why)
		}
	}
}

func TestReportJSON(t *testing.T) {
	f := goodFacts()
	touch(&f, modified("src/content/config.ts"), added("tests/\xff`\u202e.ts"), added("tests/```\u202e.ts"))
	want := Evaluate(example(t), f)
	src, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	validate(t, src)
	if bytes.Contains(src, []byte("``")) || bytes.ContainsAny(src, "\u202e") || !bytes.Contains(src, []byte(`"path_b64":"dGVzdHMv/2Di`)) {
		t.Errorf("hidden characters, a backtick, or no path_b64 in %s", src)
	}
	var got Report
	if err := json.Unmarshal(src, &got); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(src), string(again)); diff != "" {
		t.Errorf("a report changed on the way through JSON (-first +second):\n%s", diff)
	}
	if got.Findings[0].Path != want.Findings[0].Path || got.Verdict() != want.Verdict() {
		t.Errorf("got %v %q, want %v %q", got.Verdict(), got.Findings[0].Path, want.Verdict(), want.Findings[0].Path)
	}
}

func TestReportJSONRefuses(t *testing.T) {
	for _, tc := range []struct{ src, why string }{
		{`{"agentplane":2}`, "a later form may mean something else by the same names"},
		{`{"agentplane":1,"findings":[{"path_b64":"%"}]}`, "no base64"},
		{`{"agentplane":1,"pr":"12"}`, "no number"},
	} {
		var r Report
		if err := json.Unmarshal([]byte(tc.src), &r); err == nil {
			t.Errorf("%s is read (%s)", tc.src, tc.why)
		}
	}
}
