package git

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTipsAskForNoMoreThanTheyNeed: a repository has two references for each pull request that ever was. Only what begins
// like a name that is asked for comes over the wire, in one request.
func TestTipsAskForNoMoreThanTheyNeed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	main := l.commit(text("a", "1"))
	l.ref("refs/heads/main", main)
	var all strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&all, "create refs/pull/%d/head %s\n", i, main)
	}
	l.raw(all.String(), "update-ref", "--stdin")
	srv := l.serve()
	r := mirrors(t, Limits{Output: 2000}).Repo(7, srv.remote()) // all of them are 200,000 bytes
	tips, err := r.Tips(t.Context(), "refs/heads/main", "refs/pull/7/head", "refs/pull/4000/head")
	want := map[string]string{"refs/heads/main": main, "refs/pull/7/head": main}
	if d := cmp.Diff(want, tips); d != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
	if n := srv.count(); n != 1 {
		t.Errorf("%d requests: %q", n, srv.calls)
	}
	below, err := r.TipsBelow(t.Context(), "refs/pull/299/")
	if err != nil || !slices.Equal(slices.Collect(maps.Keys(below)), []string{"refs/pull/299/head"}) {
		t.Errorf("below a folder are %v, %v", below, err)
	}
	if _, err := r.TipsBelow(t.Context(), "refs/pull/"); err == nil {
		t.Error("a list that is longer than it may be was taken for whole")
	}
}

// TestTipsAreAsLsRemoteSays compares with git's own way to ask, names that begin alike and a tag's commit among them.
func TestTipsAreAsLsRemoteSays(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	main := l.commit(text("a", "1"))
	for _, name := range []string{"refs/heads/main", "refs/heads/main2", "refs/heads/a/main", "refs/pull/1/head", "refs/pull/10/head"} {
		l.ref(name, l.commit(text("a", name), main))
	}
	l.raw("", "tag", "-a", "-m", "one", "v1", main)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	want := map[string]string{}
	var names []string
	for line := range strings.Lines(l.raw("", "ls-remote", l.dir, "refs/*")) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if !strings.HasSuffix(name, "^{}") {
			want[name] = id
			names = append(names, name)
		}
	}
	tips, err := r.Tips(t.Context(), names...)
	if d := cmp.Diff(want, tips); d != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
}

// TestAnswersThatAreNoList holds that what breaks off, or is no list, tells nothing of any reference.
func TestAnswersThatAreNoList(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	for name, answer := range map[string]string{
		"nothing": "", "breaks off in a packet": "003d" + id1, "breaks off between packets": packets(id1 + " HEAD\n"),
		"an error": packets("ERR upload-pack: not our business\n") + "0000", "no packet": "<html>", "a section": "0001" + "0000",
		"no id": packets("x HEAD\n") + "0000", "no name": packets(id1+"\n") + "0000", "empty": "0000",
	} {
		srv := l.serve()
		srv.setAnswer(func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", refsType)
			_, _ = w.Write([]byte(answer))
			return true
		})
		tips, err := mirrors(t, Limits{}).Repo(7, srv.remote()).Tips(t.Context(), "refs/heads/main")
		if remote, ok := err.(*RemoteError); !ok || remote.Kind != Unavailable || tips != nil {
			t.Errorf("%s: %v, %v", name, tips, err)
		}
	}
}

// packets puts lines into packets.
func packets(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "%04x%s", len(line)+4, line)
	}
	return b.String()
}

// TestTheClientTrustsWhatItIsTold holds that a proxy or certificates that cannot be used are refused at the start.
func TestTheClientTrustsWhatItIsTold(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Proxy: "::"}, {Proxy: "proxy.example"}, {CAFile: "/nonexistent"}, {CAFile: "/dev/null"}} {
		if _, err := newClient(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	if _, err := newClient(Options{Proxy: "http://proxy.example:3128"}); err != nil {
		t.Error(err)
	}
}

func FuzzListedRefs(f *testing.F) {
	f.Add([]byte(packets(id1+" HEAD symref-target:refs/heads/a\n", id2+" refs/heads/a\n") + "0000"))
	f.Add([]byte(packets("ERR no\n")))
	f.Add([]byte("0001000000040003ffff"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		refs, err := readRefs(bytes.NewReader(answer))
		for name, id := range refs {
			if err == nil && (CheckID(id) != nil || name == "" || strings.ContainsAny(name, " \x00")) {
				t.Fatalf("%q gave %q %q", answer, name, id)
			}
		}
	})
}
