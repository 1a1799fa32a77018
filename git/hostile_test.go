package git

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git's object ids
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// loose writes an object as it is, without any of git's checks.
func (l *lab) loose(kind string, body []byte) string {
	l.t.Helper()
	data := append([]byte(fmt.Sprintf("%s %d\x00", kind, len(body))), body...)
	sum := sha1.Sum(data) //nolint:gosec // git's object ids
	id := hex.EncodeToString(sum[:])
	dir := filepath.Join(l.dir, "objects", id[:2])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, id[2:]), deflate(l.t, data), 0o600); err != nil {
		l.t.Fatal(err)
	}
	return id
}

// treeObject writes a tree of one entry.
func (l *lab) treeObject(mode, name, id string) string {
	raw, err := hex.DecodeString(id)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.loose("tree", append([]byte(mode+" "+name+"\x00"), raw...))
}

func (l *lab) commitTree(tree string, parents ...string) string {
	args := []string{"commit-tree", tree, "-m", "x"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return l.raw("", args...)
}

func TestQuarantineRefusesBadObjects(t *testing.T) {
	for _, tt := range []struct{ name, mode, entry, check string }{
		{"dot dot", "100644", "..", "hasDotdot"},
		{"dot", "40000", ".", "hasDot"},
		{"git", "40000", ".git", "hasDotgit"},
		{"git in another case", "40000", ".GIT", "hasDotgit"},
		{"git with an ignorable character", "40000", ".g\u200cit", "hasDotgit"},
		{"git's short name", "40000", "git~1", "hasDotgit"},
		{"slash", "100644", "a/b", "fullPathname"},
		{"symlink for gitmodules", "120000", ".gitmodules", "gitmodulesSymlink"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			base := l.commit(text("a", "1"))
			entry := l.raw("x", "hash-object", "-w", "--stdin")
			if tt.mode == "40000" {
				entry = l.raw("", "rev-parse", base+"^{tree}")
			}
			l.ref("refs/heads/main", base)
			l.ref("refs/pull/1/head", l.commitTree(l.treeObject(tt.mode, tt.entry, entry), base))
			r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
			for range 2 { // the second time it must not be found lying in the mirror
				r.st.memory.said = map[string]recollection{}
				_, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"})
				if e := refusal(t, err, BadObjects); e.Ref != "refs/pull/1/head" || !strings.Contains(e.Detail, tt.check) {
					t.Errorf("want %s in the pull request, got %v", tt.check, e)
				}
			}
			if id, err := r.Resolve(t.Context(), "refs/heads/main"); err != nil || id != base {
				t.Errorf("the target did not arrive: %q %v", id, err)
			}
		})
	}
}

// TestQuarantineChecksItself shows that bad objects end before the mirror.
func TestQuarantineChecksItself(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	l.ref("refs/heads/main", l.commitTree(l.treeObject("100644", "..", l.raw("x", "hash-object", "-w", "--stdin")), base))
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if err := r.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, remove, err := newScratch(r.x, r.m.scratchRoot(), filepath.Join(r.dir, "objects"), "sha1")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	_ = refusal(t, r.receive(t.Context(), s, []string{"refs/heads/main"}), BadObjects)
}

// TestMirrorChecksAgain shows that the receiving side has its own checks: an
// object that slipped through the quarantine is still refused.
func TestMirrorChecksAgain(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	l.ref("refs/heads/main", base)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
	bad := l.commitTree(l.treeObject("100644", "..", l.raw("x", "hash-object", "-w", "--stdin")), base)
	if _, err := l.try("", "push", "--quiet", r.dir, bad+":refs/agentplane/bad"); err == nil || !strings.Contains(err.Error(), "hasDotdot") {
		t.Errorf("the mirror took it: %v", err)
	}
}

// TestToleratedHistory shows that old, honest flaws do not lock a repository
// out.
func TestToleratedHistory(t *testing.T) {
	l := newLab(t)
	blob := l.raw("x", "hash-object", "-w", "--stdin")
	tree := l.treeObject("40000", "d", l.treeObject("100644", "f", blob))
	zero := l.treeObject("040000", "d", l.treeObject("100644", "f", blob))
	old := l.loose("commit", []byte("tree "+zero+"\nauthor A<a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +051800\n\nx\n"))
	l.ref("refs/heads/main", l.commitTree(tree, old))
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
}

// bombs need far more memory to handle than to send.
func TestMemoryBombInMerge(t *testing.T) {
	l := newLab(t)
	bomb := func(first string) tree { return text("f", first+strings.Repeat("\n", 9<<20)) }
	base := l.commit(bomb("0\n"))
	target, head := l.commit(bomb("1\n"), base), l.commit(bomb("2\n"), base)
	r := l.local()
	r.x.limits.Memory = 256 << 20
	start := time.Now()
	_, err := r.Touched(t.Context(), target, head)
	_ = refusal(t, err, OutOfLimits)
	t.Logf("refused after %v", time.Since(start))
	r.x.limits.Blob = 1 << 20
	_, err = r.Touched(t.Context(), target, head)
	if e := refusal(t, err, TooLarge); e.Path != "f" {
		t.Errorf("the path is missing: %v", e)
	}
	r.x.limits.Blob, r.x.limits.Blobs = 1<<30, 20<<20
	_, err = r.Touched(t.Context(), target, head)
	_ = refusal(t, err, TooLarge)
}

// deltaBomb puts a blob into the lab that is a few bytes of delta and
// 256 MiB of contents.
func (l *lab) deltaBomb() (base, bomb string) {
	l.t.Helper()
	contents := bytes.Repeat([]byte("\n"), 8<<20)
	base = l.raw(string(contents), "hash-object", "-w", "--stdin")
	var delta bytes.Buffer
	delta.Write(binary.AppendUvarint(nil, 8<<20))
	delta.Write(binary.AppendUvarint(nil, 256<<20))
	for range 32 { // copy 8 MiB from offset 0
		delta.Write([]byte{0x80 | 0x40, 0x80})
	}
	var pack bytes.Buffer
	pack.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x02")
	entry := func(kind byte, size int, prefix, data []byte) {
		head := kind<<4 | byte(size&15)
		for size >>= 4; size > 0; size >>= 7 {
			pack.WriteByte(head | 0x80)
			head = byte(size & 127)
		}
		pack.WriteByte(head)
		pack.Write(prefix)
		pack.Write(deflate(l.t, data))
	}
	raw, err := hex.DecodeString(base)
	if err != nil {
		l.t.Fatal(err)
	}
	entry(3, len(contents), nil, contents)
	entry(7, delta.Len(), raw, delta.Bytes())
	sum := sha1.Sum(pack.Bytes()) //nolint:gosec // git's object ids
	pack.Write(sum[:])
	name := strings.TrimPrefix(l.raw(pack.String(), "index-pack", "--stdin"), "pack\t")
	for line := range strings.Lines(l.raw("", "verify-pack", "-v", filepath.Join(l.dir, "objects", "pack", "pack-"+name+".idx"))) {
		if f := strings.Fields(line); len(f) == 7 && f[6] == base {
			return base, f[0]
		}
	}
	l.t.Fatal("the bomb is not in the pack")
	return "", ""
}

func deflate(t testing.TB, data []byte) []byte {
	var z bytes.Buffer
	w, err := zlib.NewWriterLevel(&z, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Bytes()
}

// TestMemoryBombInPack runs itself in a process of its own: the most memory that a process ever had says nothing of one test
// where others ran before.
func TestMemoryBombInPack(t *testing.T) {
	const alone = "AGENTPLANE_MEMORY_ALONE"
	if os.Getenv(alone) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestMemoryBombInPack$") //nolint:gosec // this very test binary
		child.Env = append(os.Environ(), alone+"=1")
		out, err := child.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestMemoryBombInPack")) {
			t.Errorf("by itself: %v\n%s", err, out)
		}
		return
	}
	l := newLab(t)
	plain, bomb := l.deltaBomb()
	base := l.commit(text("f", "1"))
	l.ref("refs/heads/main", base)
	l.ref("refs/pull/1/head", l.commit(tree{"a": {id: plain}, "bomb": {id: bomb}}, base))
	r := mirrors(t, Limits{Memory: 192 << 20}).Repo(7, l.serve().remote())
	_, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"})
	if e := refusal(t, err, OutOfLimits); e.Ref != "refs/pull/1/head" {
		t.Errorf("the reference is missing: %v", e)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil || usage.Maxrss > 400<<10 {
		t.Errorf("this process grew to %d KiB: %v", usage.Maxrss, err)
	}
}

func TestPackTooLarge(t *testing.T) {
	l := newLab(t)
	noise := make([]byte, 3<<20)
	x := uint32(1)
	for i := range noise { // a pack cannot make this smaller
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise[i] = byte(x)
	}
	base := l.commit(text("a", "1"))
	l.ref("refs/heads/main", base)
	l.ref("refs/pull/1/head", l.commit(text("a", string(noise)), base))
	srv := l.serve()
	r := mirrors(t, Limits{Pack: 2 << 20}).Repo(7, srv.remote())
	_, err := r.Fetch(t.Context(), Ref{"refs/pull/1/head"}, Ref{"refs/heads/main"})
	if e := refusal(t, err, TooLarge); e.Ref != "refs/pull/1/head" {
		t.Errorf("the reference is missing: %v", e)
	}
	before := srv.count()
	_, err = r.Fetch(t.Context(), Ref{"refs/pull/1/head"}, Ref{"refs/heads/main"})
	_ = refusal(t, err, TooLarge)
	if n := srv.count() - before; n > 2 {
		t.Errorf("what was refused was transferred again: %d requests", n)
	}
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
		t.Errorf("the target is not at fault: %v", err)
	}
	left, err := os.ReadDir(r.m.scratchRoot())
	if err != nil || len(left) != 0 {
		t.Errorf("scratch repositories are left: %v %v", left, err)
	}
}

// TestTreeBomb is ten trees that stand for ten thousand million files.
func TestTreeBomb(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	id, mode := l.raw("x", "hash-object", "-w", "--stdin"), "100644"
	for range 10 {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		var body []byte
		for i := range 10 {
			body = append(append(body, fmt.Sprintf("%s %d\x00", mode, i)...), raw...)
		}
		id, mode = l.loose("tree", body), "40000"
	}
	head := l.commitTree(id, base)
	r := l.local()
	start := time.Now()
	_, err := r.Touched(t.Context(), base, head)
	if e := refusal(t, err, TooLarge); e.Count <= e.Limit {
		t.Errorf("counts are wrong: %v", e)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
	_, err = r.Paths(t.Context(), head)
	_ = refusal(t, err, TooLarge)
}

func TestDeepAndLongPaths(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	long := strings.Repeat(strings.Repeat("n", 200)+"/", 20) + strings.Repeat("n", 200)
	deep := strings.Repeat("d/", 255) + "f"
	for path, limit := range map[string]int{long: maxPath, deep: maxDepth} {
		_, err := l.local().Touched(t.Context(), base, l.commit(text("a", "1", path, "x"), base))
		if e := refusal(t, err, BadPath); e.Limit != limit {
			t.Errorf("got %v", e)
		}
	}
	if _, err := l.local().Touched(t.Context(), base, l.commit(text("a", "1", deep[2:], "x"), base)); err != nil {
		t.Errorf("255 segments are allowed: %v", err)
	}
}

// TestBottomlessTree is a tree so deep that git's recursion may run out of
// stack. However it ends, it is the pull request's fault.
func TestBottomlessTree(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	head := l.commit(text("a", "1", strings.Repeat("d/", 8_000)+"f", "x"), base)
	_, err := l.local().Touched(t.Context(), base, head)
	var e *RefusedError
	if !errors.As(err, &e) || e.Kind != BadPath && e.Kind != OutOfLimits {
		t.Fatalf("got %v", err)
	}
}

func TestTooManyPaths(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	files := text("a", "1")
	for i := range 5001 {
		files[fmt.Sprintf("d%d/f%d", i%50, i)] = file{data: "x"}
	}
	head := l.commit(files, base)
	_, err := l.local().Touched(t.Context(), base, head)
	e := refusal(t, err, TooManyPaths)
	if e.Count != 5001 || e.Limit != 5000 || !strings.Contains(err.Error(), "5001, limit 5000") {
		t.Errorf("got %v", err)
	}
	if got, err := l.local().WithPaths(5001).Touched(t.Context(), base, head); err != nil || len(got.Changes) != 5001 {
		t.Errorf("with a higher limit: %v", err)
	}
	delete(files, "d0/f0")
	if got, err := l.local().Touched(t.Context(), base, l.commit(files, base)); err != nil || len(got.Changes) != 5000 {
		t.Errorf("5000 paths are allowed: %v", err)
	}
}
