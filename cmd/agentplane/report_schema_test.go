package main

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/agentplane/agentplane/checks"
)

// holdSchema holds what check prints as JSON to the schema that agentplane schema prints.
func holdSchema(t *testing.T, text []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(checks.ReportSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("report.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	report, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("read the report: %v\n%s", err, text)
	}
	if err := compiled.Validate(report); err != nil {
		t.Errorf("the report is not by its schema: %v\n%s", err, text)
	}
}
