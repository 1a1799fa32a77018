package git

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
		"a name that is none": packets(id1+" refs/heads/a\x00b\n") + "0000", "a name of two lines": packets(id1+" refs/heads/a\nb\n") + "0000",
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

// TestQuestionsShareAConnection holds that an answer is read to its end, without which its connection serves no other.
func TestQuestionsShareAConnection(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv := l.serve()
	var mu sync.Mutex
	from := map[string]int{}
	srv.setAnswer(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		from[r.RemoteAddr]++
		w.Header().Set("Content-Type", refsType)
		_, err := io.WriteString(w, packets(id1+" HEAD\n")+"0000")
		err = errors.Join(err, http.NewResponseController(w).Flush())
		<-time.After(20 * time.Millisecond) // the end of the answer comes after the end of the list
		return err == nil
	})
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	for range 5 {
		if _, err := r.Tips(t.Context(), "refs/heads/main"); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(from) != 1 {
		t.Errorf("five questions took %d connections: %v", len(from), from)
	}
}

// TestAnAnswerThatEchoesTheToken holds that no error tells it.
func TestAnAnswerThatEchoesTheToken(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	srv := l.serve()
	for kind, before := range map[string]string{refsType: "", "text/" + labToken: "", refsType + "; cut": strings.Repeat("x", 280)} {
		srv.setAnswer(func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, packets("ERR "+before+labToken+" and "+r.Header.Get("Authorization")))
			return true
		})
		_, err := mirrors(t, Limits{}).Repo(7, srv.remote()).Tips(t.Context(), "refs/heads/main")
		_, secrets := authorization("", labToken)
		for _, secret := range append(secrets, labToken[:8]) {
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells %q: %v", secret, err)
			}
		}
	}
}

// TestACallerThatGivesUpBlamesNobody: a remote that is slow is one thing, a caller without more time another.
func TestACallerThatGivesUpBlamesNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	srv := l.serve()
	srv.setAnswer(func(_ http.ResponseWriter, r *http.Request) bool {
		_, err := io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return err == nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := mirrors(t, Limits{}).Repo(7, srv.remote()).Tips(ctx, "refs/heads/main")
	var remote *RemoteError
	if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &remote) {
		t.Errorf("out of its own time: %v", err)
	}
}

// relay passes connections on, until those it has by then are held: nothing comes through, and nobody is told.
type relay struct {
	net.Listener
	held atomic.Bool
}

func (r *relay) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	return &relayed{Conn: c, relay: r, young: r.held.Load()}, err
}

type relayed struct {
	net.Conn
	relay *relay
	young bool // it was made after the others were held
}

func (c *relayed) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for err == nil && !c.young && c.relay.held.Load() {
		_, err = c.Conn.Read(p) // what is sent is lost; the end is not
		n = 0
	}
	return n, err
}

// TestADeadConnectionIsLeft: what stands between may forget a connection without a word. HTTP/2 puts all questions on one,
// which would fail for as long as the kernel sends again: a quarter of an hour.
func TestADeadConnectionIsLeft(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv := &server{lab: l, Server: httptest.NewUnstartedServer(nil)}
	between := &relay{Listener: srv.Listener}
	srv.Listener, srv.Config.Handler, srv.EnableHTTP2 = between, srv, true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Open(t.Context(), Options{Root: filepath.Join(t.TempDir(), "mirrors"), CAFile: ca, Limits: Limits{Wall: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	r := m.Repo(7, srv.remote())
	if _, err := r.Tips(t.Context(), "refs/heads/main"); err != nil {
		t.Fatal(err)
	}
	between.held.Store(true)
	var remote *RemoteError
	if _, err := r.Tips(t.Context(), "refs/heads/main"); !errors.As(err, &remote) || remote.Kind != Unavailable {
		t.Errorf("over a dead connection: %v", err)
	}
	if _, err := r.Tips(t.Context(), "refs/heads/main"); err != nil {
		t.Errorf("asked again: %v", err)
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
