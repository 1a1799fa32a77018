package sim

import (
	"bytes"
	"strconv"
	"strings"
)

// emptyTree is git's name for a tree without entries.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// diffStat is the size of a pull request.
type diffStat struct {
	commits, files, additions, deletions int
}

// diffFile is one file of a comparison.
type diffFile struct {
	status, path, previous string
	id                     string // of the new content; the old one for a removal
	additions, deletions   int
	binary                 bool
	patch                  string
}

// mergeBase is one best common ancestor, or "" when there is none.
func (r *Repo) mergeBase(a, b string) string {
	out, err := r.g.git(r.Dir, nil, "merge-base", a, b)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// diffStat measures base...head. What cannot be measured counts as nothing,
// as GitHub shows it.
func (r *Repo) diffStat(base, head string) diffStat {
	key := base + "..." + head
	if s := r.diffs[key]; s != nil {
		return *s
	}
	s := &diffStat{commits: len(r.between(base, head))}
	from := r.mergeBase(base, head)
	if from == "" {
		from = base
	}
	out, err := r.g.git(r.Dir, nil, "diff-tree", "-r", "-M", "--numstat", "-z", from, head)
	if err != nil {
		return *s
	}
	for _, f := range parseNumstat(out) {
		s.files++
		s.additions += f.additions
		s.deletions += f.deletions
	}
	r.diffs[key] = s
	return *s
}

// parseNumstat reads `--numstat -z`: "added TAB deleted TAB path NUL", and for
// renames an empty path followed by the old and the new one.
func parseNumstat(out []byte) []diffFile {
	var files []diffFile
	parts := strings.Split(string(out), "\x00")
	for i := 0; i < len(parts); i++ {
		columns := strings.SplitN(parts[i], "\t", 3)
		if len(columns) < 3 {
			continue
		}
		f := diffFile{path: columns[2], binary: columns[0] == "-"}
		f.additions, _ = strconv.Atoi(columns[0])
		f.deletions, _ = strconv.Atoi(columns[1])
		if f.path == "" && i+2 < len(parts) {
			f.previous, f.path = parts[i+1], parts[i+2]
			i += 2
		}
		files = append(files, f)
	}
	return files
}

// diffFiles lists what differs between two commits, with patches.
func (r *Repo) diffFiles(from, to string) ([]diffFile, error) {
	if from == "" {
		from = emptyTree
	}
	raw, err := r.g.git(r.Dir, nil, "diff-tree", "-r", "-M", "--raw", "--no-abbrev", "-z", from, to)
	if err != nil {
		return nil, err
	}
	files := parseRaw(raw)
	counts, err := r.g.git(r.Dir, nil, "diff-tree", "-r", "-M", "--numstat", "-z", from, to)
	if err != nil {
		return nil, err
	}
	for i, f := range parseNumstat(counts) {
		if i < len(files) {
			files[i].additions, files[i].deletions, files[i].binary = f.additions, f.deletions, f.binary
		}
	}
	text, err := r.g.git(r.Dir, nil, "diff-tree", "-r", "-M", "-p", "--no-color", "--no-ext-diff", from, to)
	if err != nil {
		return nil, err
	}
	for i, patch := range splitPatch(text) {
		if i < len(files) && !files[i].binary && len(patch) < 500<<10 {
			files[i].patch = patch
		}
	}
	return files, nil
}

// parseRaw reads `--raw -z`.
func parseRaw(out []byte) []diffFile {
	names := map[byte]string{'A': "added", 'D': "removed", 'M': "modified", 'T': "changed", 'R': "renamed", 'C': "copied"}
	var files []diffFile
	parts := strings.Split(string(out), "\x00")
	for i := 0; i+1 < len(parts); i++ {
		head := strings.Fields(strings.TrimPrefix(parts[i], ":"))
		if len(head) != 5 {
			continue
		}
		f := diffFile{status: names[head[4][0]], id: head[3], path: parts[i+1]}
		i++
		if f.status == "renamed" || f.status == "copied" {
			f.previous, f.path = f.path, parts[i+1]
			i++
		}
		if f.status == "removed" {
			f.id = head[2]
		}
		files = append(files, f)
	}
	return files
}

// splitPatch cuts a patch into files and drops their headers, as the API does.
func splitPatch(text []byte) []string {
	var out []string
	for i, section := range bytes.Split(append([]byte("\n"), text...), []byte("\ndiff --git ")) {
		if i == 0 {
			continue
		}
		_, hunks, found := bytes.Cut(section, []byte("\n@@ "))
		if !found {
			out = append(out, "")
			continue
		}
		out = append(out, strings.TrimSuffix("@@ "+string(hunks), "\n"))
	}
	return out
}
