package app_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections lie in memory, so that time can be made to fly.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.made:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.made <- server
	return client
}

// TestSlowSendersAreCutOff: who sends a delivery drop by drop does not hold a connection for ever.
func TestSlowSendersAreCutOff(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.dark = true })
	head := "POST /api/github/hook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n" +
		"X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\nX-Hub-Signature-256: sha256=" + strings.Repeat("0", 64) + "\r\n"
	cases := []struct {
		why, send string
		within    time.Duration
	}{
		{"nothing", "", 5 * time.Second},
		{"headers without an end", head, 5 * time.Second},
		{"a body that stops", head + "Content-Length: 1000\r\n\r\n{", 20 * time.Second},
		{"chunks without an end", head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", 20 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
				server := w.app.Server()
				var serving sync.WaitGroup
				serving.Go(func() { _ = server.Serve(listener) })
				client, start := listener.dial(), time.Now()
				if _, err := io.WriteString(client, c.send); err != nil {
					t.Error(err)
				}
				answer, _ := io.ReadAll(client) // ends when the server hangs up
				if took := time.Since(start); took < time.Second || took > c.within {
					t.Errorf("cut off after %s, want within %s", took, c.within)
				}
				if strings.HasPrefix(string(answer), "HTTP/1.1 2") {
					t.Errorf("it was answered %q", answer)
				}
				_ = client.Close()
				_ = server.Close()
				serving.Wait()
			})
		})
	}
}

// TestManyDeliveriesAtOnceAreBounded: no more than 200 deliveries are read at once. Those above are refused at once, in a
// way that lets GitHub deliver them again, and when the others are gone there is room again.
func TestManyDeliveriesAtOnceAreBounded(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.dark = true })
	handler := w.app.Handler()
	reading, stop := make(chan struct{}), make(chan struct{})
	var senders sync.WaitGroup
	for range 200 {
		senders.Go(func() {
			r := request(w, nil)
			r.Body, r.ContentLength = &stalled{reading: reading, stop: stop}, 1000
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, r)
			if answer.Code < 400 {
				t.Errorf("half a delivery was answered %d", answer.Code)
			}
		})
	}
	for range 200 {
		<-reading
	}
	good := []byte(fmt.Sprintf(`{"ref":"refs/heads/main","after":"x","repository":{"id":%d,"full_name":"octo/blog"},"installation":{"id":1}}`, w.repo.ID))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request(w, good))
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "too many") {
		t.Errorf("the 201st was answered %d: %s", answer.Code, answer.Body)
	}
	close(stop)
	senders.Wait()
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, request(w, good))
	if answer.Code != http.StatusAccepted {
		t.Errorf("afterwards one was answered %d: %s", answer.Code, answer.Body)
	}
}

// stalled is a body that comes to nothing, once it is allowed to.
type stalled struct {
	reading chan<- struct{}
	stop    <-chan struct{}
	told    bool
}

func (s *stalled) Read([]byte) (int, error) {
	if !s.told {
		s.told = true
		s.reading <- struct{}{}
	}
	<-s.stop
	return 0, errors.New("the sender is gone")
}

func (*stalled) Close() error { return nil }

// TestLongHeadersAreRefused: headers are bounded before anything is looked at.
func TestLongHeadersAreRefused(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(w.hook, "http://"), "/api/github/hook"))
	w.must(err)
	defer func() { _ = conn.Close() }()
	go func() {
		_, _ = io.WriteString(conn, "POST /api/github/hook HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	w.must(err)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answered %s", answer.Status)
	}
}
