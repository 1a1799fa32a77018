package ownership

import (
	"os"
	"testing"
)

// TestParseBlog reads the contract of the demo's blog.
func TestParseBlog(t *testing.T) {
	src, err := os.ReadFile("../testdata/blog/main/" + FileName)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(FileName, src)
	if err != nil {
		t.Fatal(err)
	}
	r := c.Ruler()
	tests := []struct {
		agent, path string
		want        RulingKind
		line        int
		why         string
	}{
		{"metadata", "src/content/config.ts", Owned, 12, "a file in owns"},
		{"metadata", "src/content/blog/a.md", Owned, 12, "below a directory in owns"},
		{"metadata", "src/layouts/Base.astro", Never, 13, "never beats the class layouts"},
		{"metadata", "SRC/Layouts/Base.astro", Never, 13, "never matches another case"},
		{"metadata", "src/Content/config.ts", Unowned, 0, "owns compares bytes"},
		{"search", "src/content/config.ts", Never, 17, "its own never says more than that another owns it"},
		{"review", "src/content/config.ts", OwnedByOther, 12, "named with the other's line"},
		{"search", "src/layouts/Base.astro", Classed, 39, "a declared class"},
		{"search", "web/package-lock.json", Classed, 0, "a built-in class"},
		{"search", "README.md", Unowned, 0, "nobody's"},
		{"", "tests/a.test.ts", OwnedByOther, 21, "no agent"},
		{"search", "/etc/passwd", Unjudged, 0, "git cannot hold it"},
	}
	for _, tt := range tests {
		got := r.Rule(c.Agent(tt.agent), tt.path)
		line := 0
		if got.By != nil {
			line = got.By.Line
		}
		if got.Kind != tt.want || line != tt.line || got.Path != tt.path {
			t.Errorf("%s, %s: %s by line %d, want %s by line %d (%s)", tt.agent, tt.path, got.Kind, line, tt.want, tt.line, tt.why)
		}
	}
}
