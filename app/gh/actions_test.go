package gh

import "testing"

func TestWorkflowFile(t *testing.T) {
	for _, c := range []struct{ path, want, why string }{
		{".github/workflows/ci.yml", ".github/workflows/ci.yml", "as it is"},
		{".github/workflows/ci.yml@main", ".github/workflows/ci.yml", "with a branch"},
		{".github/workflows/ci.yaml@refs/heads/main", ".github/workflows/ci.yaml", "with a full ref"},
		{".github/workflows/ci.yml@x.yml", ".github/workflows/ci.yml@x.yml", "a file of such a name"},
		{".github/workflows/ci.yml@x.yaml", ".github/workflows/ci.yml@x.yaml", "a file of such a name, with the other ending"},
		{".github/workflows/ci.yml@x.yml@main", ".github/workflows/ci.yml@x.yml@main", "a file of such a name, with a branch"},
		{".github/workflows/x@ci.yml", ".github/workflows/x@ci.yml", "a file whose name holds the sign elsewhere"},
		{"dynamic/pages/pages-build-deployment", "dynamic/pages/pages-build-deployment", "no file"},
	} {
		if got := workflowFile(c.path); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.why, c.path, got, c.want)
		}
	}
}
