package ownership

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// property is what the reference says of a key.
type property struct {
	Description string          `json:"description"`
	Ref         string          `json:"$ref"`
	Type        string          `json:"type"`
	Enum        []string        `json:"enum"`
	Minimum     *int            `json:"minimum"`
	Maximum     *int            `json:"maximum"`
	Default     json.RawMessage `json:"default"`
	XDefault    string          `json:"x-default"`
	XType       string          `json:"x-type"`
	Required    []string        `json:"required"`
	Properties  properties      `json:"properties"`
	Additional  json.RawMessage `json:"additionalProperties"`
}

// properties keep the order of the file.
type properties struct {
	names []string
	byKey map[string]property
}

// UnmarshalJSON reads an object in its order.
func (p *properties) UnmarshalJSON(data []byte) error {
	p.byKey = map[string]property{}
	d := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value property
		if err := d.Decode(&value); err != nil {
			return err
		}
		p.names = append(p.names, fmt.Sprint(key))
		p.byKey[fmt.Sprint(key)] = value
	}
	return nil
}

// schemaFile is the schema, as far as the reference shows it.
type schemaFile struct {
	property
	Defs map[string]property `json:"$defs"`
}

// readSchema decodes the embedded schema.
func readSchema(t *testing.T) schemaFile {
	t.Helper()
	var s schemaFile
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// kind says what a value looks like.
func (s schemaFile) kind(p property) string {
	switch {
	case p.XType != "":
		return p.XType
	case p.Ref != "":
		return s.kind(s.Defs[strings.TrimPrefix(p.Ref, "#/$defs/")])
	case len(p.Enum) > 0:
		return "`" + strings.Join(p.Enum, "`, `") + "`"
	case p.Minimum != nil && p.Maximum != nil:
		return fmt.Sprintf("%d to %d", *p.Minimum, *p.Maximum)
	case p.Type == "object":
		return "mapping"
	case p.Type == "string":
		return "text"
	}
	return "1"
}

// absent says what holds when a key is not there.
func absent(p property, required bool) string {
	switch {
	case required:
		return "**required**"
	case len(p.Default) > 0:
		return "`" + strings.Trim(string(p.Default), `"`) + "`"
	case p.XDefault != "":
		return p.XDefault
	}
	return "–"
}

// table is the reference of one mapping.
func (s schemaFile) table(title string, p property) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n| key | value | without it | what it says |\n|---|---|---|---|\n", title, p.Description)
	for _, name := range p.Properties.names {
		field := p.Properties.byKey[name]
		required := false
		for _, r := range p.Required {
			required = required || r == name
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, s.kind(field), absent(field, required), field.Description)
	}
	return b.String() + "\n"
}

// referencePage writes docs/contract.md.
func referencePage(t *testing.T) string {
	t.Helper()
	s := readSchema(t)
	keys := s.table("The contract", s.property)
	keys += s.table("`integration`", s.Properties.byKey["integration"])
	keys += s.table("`agents.<name>`", s.Defs["agent"])
	keys += s.table("`verification.<name>`", s.Defs["requirement"])
	keys += s.table("`verification.<name>.evidence`", s.Defs["evidence"])
	keys += s.table("`approvals.<name>`", s.Defs["class"])
	keys += s.table("`interfaces.<name>`", s.Defs["interface"])
	for _, name := range []string{"limits", "queue", "unassigned"} {
		keys += s.table("`"+name+"`", s.Properties.byKey[name])
	}
	var classes strings.Builder
	classes.WriteString("| class | without being mentioned | what is in it |\n|---|---|---|\n")
	for _, b := range builtins() {
		outcome := "needs an approval"
		if b.deny {
			outcome = "denied"
		}
		paths := ""
		if len(b.paths) > 0 {
			paths = ": `" + strings.Join(b.paths, "` `") + "`"
		}
		fmt.Fprintf(&classes, "| `%s` | %s | %s%s |\n", b.name, outcome, b.about, paths)
	}
	prose, err := os.ReadFile("testdata/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../testdata/blog/main/" + FileName)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("{{example}}", strings.TrimSpace(string(example)), "{{keys}}", keys, "{{classes}}", classes.String()+"\n").Replace(string(prose))
}

// TestReference holds docs/contract.md to the schema and the built-in classes.
func TestReference(t *testing.T) {
	const file = "../docs/contract.md"
	want := referencePage(t)
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read the reference: %v; run go test ./ownership -update", err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/contract.md is old; run go test ./ownership -update (-want +got):\n%s", diff)
	}
}

// TestEveryKeyIsDescribed: the schema is the reference, so it has no key
// without a sentence, and none that Parse does not read.
func TestEveryKeyIsDescribed(t *testing.T) {
	s := readSchema(t)
	all := map[string]property{"the contract": s.property}
	for name, p := range s.Properties.byKey {
		all[name] = p
	}
	for name, p := range s.Defs {
		if name != "builtinClass" {
			all[name] = p
		}
	}
	for where, p := range all {
		for key, field := range p.Properties.byKey {
			if where != "approvals" && !strings.HasSuffix(field.Description, ".") {
				t.Errorf("%s.%s has no sentence in the schema", where, key)
			}
			if where != "approvals" && !strings.Contains(everything, key+":") {
				t.Errorf("%s.%s is not in the tests' whole contract", where, key)
			}
		}
	}
}
