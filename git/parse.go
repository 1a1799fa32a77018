package git

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Modes of tree entries.
const (
	ModeFile       uint32 = 0o100644
	ModeExecutable uint32 = 0o100755
	ModeSymlink    uint32 = 0o120000
	ModeSubmodule  uint32 = 0o160000
	ModeTree       uint32 = 0o040000
)

// records is a sink that splits output into records and hands each on
// without keeping the output.
type records struct {
	end  byte
	each func(rec []byte) error
	part []byte
}

// Write takes p.
func (r *records) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, r.end)
		if i < 0 {
			r.part = append(r.part, p...)
			return n, nil
		}
		rec := p[:i]
		if len(r.part) > 0 {
			rec = append(r.part, rec...)
			r.part = r.part[:0]
		}
		if err := r.each(rec); err != nil {
			return 0, err
		}
		p = p[i+1:]
	}
}

// close reports a record that was cut off.
func (r *records) close() error {
	if len(r.part) > 0 {
		return fmt.Errorf("git's output ends inside the record %.80q", r.part)
	}
	return nil
}

// rawDiff reads `git diff-tree -r -z --raw --no-renames --no-abbrev`: pairs of
// a header and a path. What git prints there is not ours to guess: anything
// unexpected is an error.
type rawDiff struct {
	header []byte
	open   bool
	each   func(Change) error
}

// record takes the next NUL-terminated piece.
func (d *rawDiff) record(rec []byte) error {
	if !d.open {
		d.header, d.open = append(d.header[:0], rec...), true
		return nil
	}
	d.open = false
	c, err := parseRawHeader(string(d.header))
	if err != nil {
		return err
	}
	if len(rec) == 0 {
		return fmt.Errorf("git's diff names no path after %.120q", d.header)
	}
	c.Path = string(rec)
	return d.each(c)
}

// close reports a header without a path.
func (d *rawDiff) close() error {
	if d.open {
		return fmt.Errorf("git's diff ends after %.120q", d.header)
	}
	return nil
}

// parseRawHeader reads ":100644 100755 <id> <id> M".
func parseRawHeader(s string) (Change, error) {
	bad := fmt.Errorf("git's diff line %.160q cannot be read", s)
	f := strings.Split(s, " ")
	if len(f) != 5 || !strings.HasPrefix(f[0], ":") || len(f[4]) != 1 || !strings.Contains("AMDT", f[4]) {
		return Change{}, bad
	}
	oldMode, err1 := parseMode(f[0][1:])
	newMode, err2 := parseMode(f[1])
	if err1 != nil || err2 != nil || CheckID(f[2]) != nil || CheckID(f[3]) != nil || len(f[2]) != len(f[3]) {
		return Change{}, bad
	}
	c := Change{OldMode: oldMode, NewMode: newMode, OldID: realID(f[2]), NewID: realID(f[3])}
	if (oldMode == 0) != (c.OldID == "") || (newMode == 0) != (c.NewID == "") || oldMode == 0 && newMode == 0 {
		return Change{}, bad
	}
	return c, nil
}

// parseMode reads six octal digits.
func parseMode(s string) (uint32, error) {
	if len(s) != 6 {
		return 0, fmt.Errorf("mode %.20q is not six digits", s)
	}
	n, err := strconv.ParseUint(s, 8, 32)
	return uint32(n), err
}

// realID turns the id of nothing into "".
func realID(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// parseMerge reads `git merge-tree --write-tree -z --name-only --no-messages`:
// the tree's id and the paths in conflict.
func parseMerge(out []byte) (tree string, conflicts []string, err error) {
	parts := bytes.Split(out, []byte{0})
	if len(parts) < 2 || len(parts[len(parts)-1]) != 0 || CheckID(string(parts[0])) != nil {
		return "", nil, fmt.Errorf("git's merge %.120q cannot be read", out)
	}
	seen := map[string]bool{}
	for _, p := range parts[1 : len(parts)-1] {
		if len(p) == 0 {
			return "", nil, fmt.Errorf("git's merge names an empty path")
		}
		if !seen[string(p)] {
			seen[string(p)] = true
			conflicts = append(conflicts, string(p))
		}
	}
	return string(parts[0]), conflicts, nil
}

// entry is one line of a tree.
type entry struct {
	mode uint32
	kind string // blob, tree or commit
	id   string
	size int64 // -1 for what has none
	path string
}

// parseEntry reads a record of `git ls-tree -z -l`:
// "100644 blob <id>     123\tpath".
func parseEntry(rec string) (entry, error) {
	bad := fmt.Errorf("git's tree entry %.160q cannot be read", rec)
	head, path, ok := strings.Cut(rec, "\t")
	f := strings.Fields(head)
	if !ok || path == "" || len(f) != 4 || CheckID(f[2]) != nil {
		return entry{}, bad
	}
	e := entry{kind: f[1], id: f[2], size: -1, path: path}
	var err error
	if e.mode, err = parseMode(f[0]); err != nil {
		return entry{}, bad
	}
	switch f[1] {
	case "blob":
		if e.size, err = strconv.ParseInt(f[3], 10, 64); err != nil || e.size < 0 {
			return entry{}, bad
		}
	case "tree", "commit":
		if f[3] != "-" {
			return entry{}, bad
		}
	default:
		return entry{}, bad
	}
	return e, nil
}

// object is a header of `git cat-file --batch` or --batch-check.
type object struct {
	id, kind string
	size     int64
	missing  bool
}

// parseObject reads "<id> <type> <size>" or "<name> missing".
func parseObject(line string) (object, error) {
	f := strings.Split(line, " ")
	switch {
	case len(f) == 2 && f[1] == "missing" && CheckID(f[0]) == nil:
		return object{id: f[0], missing: true}, nil
	case len(f) == 3 && CheckID(f[0]) == nil && (f[1] == "blob" || f[1] == "tree" || f[1] == "commit" || f[1] == "tag"):
		n, err := strconv.ParseInt(f[2], 10, 64)
		if err == nil && n >= 0 {
			return object{id: f[0], kind: f[1], size: n}, nil
		}
	}
	return object{}, fmt.Errorf("git's object header %.160q cannot be read", line)
}

// parseBatch reads `git cat-file --batch`: a header, the object and a newline
// for each object asked for.
func parseBatch(out []byte, each func(object, []byte)) error {
	for len(out) > 0 {
		line, rest, ok := bytes.Cut(out, []byte("\n"))
		if !ok {
			return fmt.Errorf("git's object header %.160q is cut off", out)
		}
		o, err := parseObject(string(line))
		if err != nil {
			return err
		}
		if o.missing {
			each(o, nil)
			out = rest
			continue
		}
		if int64(len(rest)) <= o.size || rest[o.size] != '\n' {
			return fmt.Errorf("git's object %s is cut off", o.id)
		}
		each(o, rest[:o.size:o.size])
		out = rest[o.size+1:]
	}
	return nil
}

// parseRefs reads `git for-each-ref` lines "<id> <type> <name>".
func parseRefs(out string) (map[string]object, error) {
	refs := map[string]object{}
	for line := range strings.Lines(out) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(f) != 3 || CheckID(f[0]) != nil || f[1] == "" || !strings.HasPrefix(f[2], "refs/") {
			return nil, fmt.Errorf("git's reference line %.160q cannot be read", line)
		}
		refs[f[2]] = object{id: f[0], kind: f[1]}
	}
	return refs, nil
}
