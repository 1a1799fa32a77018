package git

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	id1, id2 = repeat("1", 40), repeat("2", 40)
	zero     = repeat("0", 40)
)

// feed hands data to a sink in pieces of n bytes.
func feed(data []byte, n int, to sink) error {
	for len(data) > 0 {
		n = min(max(n, 1), len(data))
		if _, err := to.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func readRaw(data []byte, n int) ([]Change, error) {
	var out []Change
	d := &rawDiff{each: func(c Change) error { out = append(out, c); return nil }}
	r := &records{end: 0, each: d.record}
	if err := feed(data, n, r); err != nil {
		return nil, err
	}
	if err := d.close(); err != nil {
		return nil, err
	}
	return out, r.close()
}

func TestRawDiff(t *testing.T) {
	good := ":100644 100755 " + id1 + " " + id1 + " M\x00a\nb\x00:000000 120000 " + zero + " " + id2 + " A\x00:l\x00"
	for n := 1; n < len(good); n++ {
		got, err := readRaw([]byte(good), n)
		want := []Change{
			{Path: "a\nb", OldMode: ModeFile, OldID: id1, NewMode: ModeExecutable, NewID: id1},
			{Path: ":l", NewMode: ModeSymlink, NewID: id2},
		}
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Fatalf("pieces of %d: %v %s", n, err, d)
		}
	}
	for _, bad := range []string{
		"x\x00y\x00",
		":100644 100755 " + id1 + " " + id1 + " M\x00",
		":100644 100755 " + id1 + " " + id1 + " M\x00\x00",
		":100644 100755 " + id1 + " " + id1 + " M\x00unfinished",
		":100644 100755 " + id1 + " " + id1 + " R100\x00a\x00b\x00",
		":100644 100755 " + id1[:39] + " " + id1 + " M\x00a\x00",
		":100644 100755 " + id1 + " " + id1 + id1[:24] + " M\x00a\x00",
		":000000 000000 " + zero + " " + zero + " D\x00a\x00",
		":100644 000000 " + id1 + " " + id1 + " D\x00a\x00",
		":100649 100644 " + id1 + " " + id1 + " M\x00a\x00",
		"::100644 100644 " + id1 + " " + id1 + " M\x00a\x00",
	} {
		if got, err := readRaw([]byte(bad), 1000); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}

func FuzzRawDiff(f *testing.F) {
	f.Add([]byte(":100644 100755 "+id1+" "+id2+" M\x00a\x00"), 3)
	f.Add([]byte(":000000 160000 "+zero+" "+id2+" A\x00a/b\xff\x00"), 7)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		whole, err1 := readRaw(data, len(data))
		parts, err2 := readRaw(data, n)
		if (err1 == nil) != (err2 == nil) || err1 == nil && cmp.Diff(whole, parts) != "" {
			t.Fatalf("pieces of %d read differently: %v %v", n, err1, err2)
		}
		for _, c := range whole {
			if c.Path == "" || strings.Contains(c.Path, "\x00") || (c.OldMode == 0) != (c.OldID == "") || (c.NewMode == 0) != (c.NewID == "") {
				t.Fatalf("impossible change %+v", c)
			}
		}
	})
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(id1 + "\x00"))
	f.Add([]byte(id1 + "\x00a\x00b\x00a\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, conflicts, err := parseMerge(data)
		if err != nil {
			return
		}
		if CheckID(id) != nil || bytes.Count(data, []byte{0}) < len(conflicts)+1 {
			t.Fatalf("%q gave %q %q", data, id, conflicts)
		}
		seen := map[string]bool{}
		for _, c := range conflicts {
			if c == "" || seen[c] {
				t.Fatalf("%q gave %q", data, conflicts)
			}
			seen[c] = true
		}
	})
}

func FuzzEntry(f *testing.F) {
	f.Add("100644 blob " + id1 + "      12\ta\tb")
	f.Add("160000 commit " + id1 + "       -\ts")
	f.Add("040000 tree " + id1 + "       -\td")
	f.Fuzz(func(t *testing.T, rec string) {
		e, err := parseEntry(rec)
		if err != nil {
			return
		}
		if e.path == "" || !strings.HasSuffix(rec, "\t"+e.path) || CheckID(e.id) != nil || (e.kind == "blob") != (e.size >= 0) {
			t.Fatalf("%q gave %+v", rec, e)
		}
	})
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte(id1 + " blob 3\nabc\n" + id2 + " missing\n"))
	f.Add([]byte(id1 + " tree 0\n\n"))
	f.Add([]byte(id1 + " blob 9223372036854775807\nx\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		size := 0
		err := parseBatch(data, func(o object, b []byte) {
			if int64(len(b)) != o.size || o.missing && b != nil {
				t.Fatalf("%+v has %d bytes", o, len(b))
			}
			size += len(b)
		})
		if err == nil && size > len(data) {
			t.Fatalf("%d bytes out of %d", size, len(data))
		}
	})
}

func FuzzRefs(f *testing.F) {
	f.Add(id1 + " commit refs/heads/a\n" + id2 + " tag refs/tags/b\n")
	f.Fuzz(func(t *testing.T, out string) {
		refs, err := parseRefs(out)
		for name, o := range refs {
			if err == nil && (CheckID(o.id) != nil || !strings.HasPrefix(name, "refs/") || strings.Contains(name, "\n")) {
				t.Fatalf("%q gave %q %+v", out, name, o)
			}
		}
	})
}

func FuzzPushReport(f *testing.F) {
	f.Add("To x\n!\t"+id1+":refs/heads/a\t[rejected] (stale info)\nDone\n", "refs/heads/a")
	f.Fuzz(func(t *testing.T, report, ref string) {
		if flag, _ := parsePush(report, ref); len(flag) > 1 {
			t.Fatalf("flag %q", flag)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("refs/heads/main")
	f.Add("https://github.com/octo/blog.git")
	f.Fuzz(func(t *testing.T, s string) {
		if CheckRef(s) == nil && (!strings.HasPrefix(s, "refs/") || strings.ContainsAny(s, ":^~*?[\\ \n\x00") || strings.Contains(s, "..")) {
			t.Fatalf("reference %q", s)
		}
		if checkURL(s, nil, true) == nil && strings.ContainsAny(s, "@?# \n\x00%") {
			t.Fatalf("URL %q", s)
		}
	})
}
