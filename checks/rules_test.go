package checks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

const rulesPage = "../docs/rules.md"

func TestRulesPage(t *testing.T) {
	want := RulesMarkdown()
	if *update {
		if err := os.WriteFile(rulesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the rules say (-rules +page; -update rewrites it):\n%s", rulesPage, diff)
	}
}

// TestEveryRuleHasAGolden looks for each rule in the goldens' reports, and for rules there that the table lacks.
func TestEveryRuleHasAGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name == "report.json" {
				all.Write(f.Data)
			}
		}
	}
	for _, r := range Rules() {
		if !strings.Contains(all.String(), `"rule": "`+strings.TrimSuffix(string(r.ID), "<name>")) {
			t.Errorf("no golden has a finding of %s", r.ID)
		}
	}
}

func TestRules(t *testing.T) {
	var seen []RuleID
	for _, r := range Rules() {
		if slices.Contains(seen, r.ID) {
			t.Errorf("%s is there twice", r.ID)
		}
		seen = append(seen, r.ID)
		if r.Meaning == "" || r.Remedy == "" || !slices.Contains(checkNames(), r.Check) {
			t.Errorf("%s is not whole: %+v", r.ID, r)
		}
		if r.Blinds && r.Verdict == Success {
			t.Errorf("%s blinds and passes", r.ID)
		}
		if r.Verdict == ActionRequired && r.Who != Person {
			t.Errorf("%s: a person must decide, and %s acts", r.ID, r.Who)
		}
	}
	if r := ruleOf(ClassRule("layouts")); r.Check != CheckReview || r.Verdict != ActionRequired {
		t.Errorf("a class has the rule %+v", r)
	}
	if r := ruleOf("nobody/knows"); r.Verdict != Failure || !r.Blinds {
		t.Errorf("an unknown rule has %+v; it must be the strictest", r)
	}
}
