package ownership

import (
	"slices"
	"testing"
)

// TestBuiltinPatternsCompile: none is dropped in silence.
func TestBuiltinPatternsCompile(t *testing.T) {
	for _, b := range builtins() {
		for _, s := range b.paths {
			mustPattern(t, s)
		}
		if len(b.class().Paths) != len(b.paths) {
			t.Errorf("class %s loses patterns", b.name)
		}
	}
}

// TestBuiltinClasses: which class a path is in when a contract says nothing.
func TestBuiltinClasses(t *testing.T) {
	tests := []struct {
		path string
		want []string
	}{
		{".agentplane.yml", []string{ClassContract}},
		{".AgentPlane.YML", []string{ClassContract}},
		{"sub/.agentplane.yml", []string{ClassContract}},
		{".agentplane.yml/x", []string{ClassContract}},
		{".github/workflows/ci.yml", []string{ClassCI}},
		{".GitHub/Workflows/ci.yml", []string{ClassCI}},
		{".github/actions/x/action.yml", []string{ClassCI}},
		{"tools/action.yml", []string{ClassCI}},
		{"package-lock.json", []string{ClassLockfiles}},
		{"web/pnpm-lock.yaml", []string{ClassLockfiles}},
		{"go.sum", []string{ClassLockfiles}},
		{"Cargo.LOCK", []string{ClassLockfiles}},
		{"dist/app.js", []string{ClassGenerated}},
		{"a/b.min.js", []string{ClassGenerated}},
		{"api/x.pb.go", []string{ClassGenerated}},
		{"CLAUDE.md", []string{ClassAgentConfig}},
		{"src/agents.md", []string{ClassAgentConfig}},
		{".claude/settings.json", []string{ClassAgentConfig}},
		{".mcp.json", []string{ClassAgentConfig}},
		{".cursor/rules/x.mdc", []string{ClassAgentConfig}},
		{".codex/config.toml", []string{ClassAgentConfig}},
		{".github/copilot-instructions.md", []string{ClassAgentConfig}},
		{".env", []string{ClassSecrets}},
		{"app/.env.local", []string{ClassSecrets}},
		{"keys/server.PEM", []string{ClassSecrets}},
		{"id_ed25519", []string{ClassSecrets}},
		{"Dockerfile", []string{ClassDeploy}},
		{"infra/main.tf", []string{ClassDeploy}},
		{"wrangler.toml", []string{ClassDeploy}},
		{".gitattributes", []string{ClassGitAttributes}},
		{"x/.gitattributes", []string{ClassGitAttributes}},
		{".gitmodules", []string{ClassGitAttributes}},
		{"docs/CODEOWNERS", []string{ClassGitAttributes}},
		{"src/index.ts", nil},
		{"docs/test-plan.md", nil},
		{"environment.ts", nil},
		{"src/keyboard.ts", nil},
	}
	c := &Contract{Classes: BuiltinClasses()}
	r := c.Ruler()
	for _, tt := range tests {
		var got []string
		for _, class := range r.Rule(nil, tt.path).Classes {
			got = append(got, class.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.path, got, tt.want)
		}
	}
	if d := r.Rule(nil, ".env").Denied(); d == nil || d.Name != ClassSecrets {
		t.Errorf("secrets are not denied: %v", d)
	}
	if d := r.Rule(nil, "go.sum").Denied(); d != nil {
		t.Errorf("lock files are denied by %v", d)
	}
}

// TestApprovals: what a contract makes of the classes.
func TestApprovals(t *testing.T) {
	c, err := Parse(FileName, []byte(valid+`approvals:
  lockfiles: { by: ["@octo/platform"] }
  secrets: { by: ["@octo/security"], paths: [vault/] }
  ci: deny
  deploy: { by: deny }
  layouts: { paths: [src/layouts/] }
`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, class string
		deny        bool
		by          []string
		line        int
		why         string
	}{
		{"go.sum", ClassLockfiles, false, []string{"@octo/platform"}, 5, "given approvers"},
		{".env", ClassSecrets, false, []string{"@octo/security"}, 6, "approvers instead of deny"},
		{"Vault/x", ClassSecrets, false, []string{"@octo/security"}, 6, "more paths"},
		{".github/workflows/x.yml", ClassCI, true, nil, 7, "denied"},
		{"Dockerfile", ClassDeploy, true, nil, 8, "denied in the other way"},
		{"SRC/layouts/x", "layouts", false, nil, 9, "declared"},
		{"CLAUDE.md", ClassAgentConfig, false, nil, 0, "not mentioned"},
	}
	for _, tt := range tests {
		r := c.Rule(c.Agent("a"), tt.path)
		if r.Kind != Classed || len(r.Classes) != 1 {
			t.Errorf("%s: %s (%s)", tt.path, r.Kind, tt.why)
			continue
		}
		if got := r.Classes[0]; got.Name != tt.class || got.Deny != tt.deny || !slices.Equal(got.By, tt.by) || got.Line != tt.line {
			t.Errorf("%s: %+v (%s)", tt.path, *got, tt.why)
		}
	}
	if names := builtinNames(); c.Classes[0].Name != names[0] || len(c.Classes) != len(names)+1 || c.Classes[len(names)].Builtin {
		t.Error("the built-in classes do not come first")
	}
}
