package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// maxPacks is how many packs a mirror may gather before they are joined: git
// looks for an object in one after the other.
const maxPacks = 40

// upkeep joins packs and references once many have gathered. Nothing is
// dropped. It is a matter of speed alone, so its failure is only logged. The
// caller is the writer; readers go on.
func (r *Repo) upkeep(ctx context.Context, limit int) {
	if packs, _ := r.packs(); packs <= limit {
		return
	}
	for _, args := range [][]string{{"repack", "-d", "-q", "-n", "--geometric=2"}, {"pack-refs", "--all"}} {
		_, err := r.x.run(ctx, command{args: args, dir: repoDir{git: r.dir}, transfer: true})
		if err != nil {
			r.m.log.WarnContext(ctx, "joining packs of a mirror", "mirror", filepath.Base(r.dir), "error", err)
			return
		}
	}
}

// packs counts the mirror's packs and their bytes.
func (r *Repo) packs() (n int, size int64) {
	entries, err := os.ReadDir(filepath.Join(r.dir, "objects", "pack"))
	if err != nil {
		return 0, 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			size += info.Size()
			if strings.HasSuffix(e.Name(), ".pack") {
				n++
			}
		}
	}
	return n, size
}

// Forget drops references from the mirror, such as those of a closed pull
// request, and what FetchCommits brought by id. What they led to stays until the mirror is next built from nothing,
// which happens when its packs exceed three times Limits.Pack.
func (r *Repo) Forget(ctx context.Context, refs ...string) error {
	release, err := r.writer(ctx)
	if err != nil {
		return fmt.Errorf("forget references: %w", err)
	}
	defer release()
	var b strings.Builder
	for _, ref := range refs {
		if err := CheckRef(ref); err != nil && CheckID(ref) != nil {
			return fmt.Errorf("forget references: %w", err)
		}
		b.WriteString("delete " + storedRef(ref) + "\n")
	}
	if err := r.prepare(ctx); err != nil {
		return fmt.Errorf("forget references: %w", err)
	}
	_, err = r.x.run(ctx, command{args: []string{"update-ref", "--stdin"}, dir: repoDir{git: r.dir}, stdin: []byte(b.String())})
	if err != nil {
		return fmt.Errorf("forget references: %w", err)
	}
	return nil
}
