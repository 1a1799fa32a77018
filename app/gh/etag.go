package gh

import (
	"bytes"
	"container/list"
	"io"
	"net/http"
	"sync"
)

// cacheBytes bounds the answers kept for conditional requests, per repository client.
const cacheBytes = 4 << 20

// etags repeats GET requests conditionally: an answer with an ETag is kept, sent back as If-None-Match, and served again
// on a 304, which GitHub does not count against the rate limit
// (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate).
// Every answer it gives was confirmed by GitHub a moment ago: it saves requests' cost, never freshness.
//
// One cache belongs to one repository's client, so no tenant is ever served another's bytes. It sits outside the
// authentication, so that a new token does not empty it.
type etags struct {
	next http.RoundTripper

	mu    sync.Mutex
	size  int
	order *list.List // front: used last
	byURL map[string]*list.Element
}

type cached struct {
	url    string
	etag   string
	header http.Header
	status int
	body   []byte
}

func newETags(next http.RoundTripper) *etags {
	return &etags{next: next, order: list.New(), byURL: map[string]*list.Element{}}
}

// RoundTrip implements http.RoundTripper.
func (e *etags) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet {
		return e.next.RoundTrip(req)
	}
	key := req.URL.String() + "\n" + req.Header.Get("Accept")
	known, ok := e.get(key)
	if ok {
		req = req.Clone(req.Context())
		req.Header.Set("If-None-Match", known.etag)
	}
	resp, err := e.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if ok && resp.StatusCode == http.StatusNotModified {
		_ = resp.Body.Close()
		return known.response(req), nil
	}
	if etag := resp.Header.Get("ETag"); etag != "" && resp.StatusCode == http.StatusOK {
		return e.keep(key, etag, resp)
	}
	return resp, nil
}

func (c *cached) response(req *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(c.status), StatusCode: c.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.header.Clone(), Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)), Request: req,
	}
}

func (e *etags) get(key string) (*cached, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	el, ok := e.byURL[key]
	if !ok {
		return nil, false
	}
	e.order.MoveToFront(el)
	return el.Value.(*cached), true
}

// keep stores an answer and hands it on. An answer too large for the cache is handed on without being kept.
func (e *etags) keep(key, etag string, resp *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) > cacheBytes/4 {
		return resp, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if el, ok := e.byURL[key]; ok {
		e.drop(el)
	}
	c := &cached{url: key, etag: etag, header: resp.Header.Clone(), status: resp.StatusCode, body: body}
	e.byURL[key] = e.order.PushFront(c)
	e.size += len(body)
	for e.size > cacheBytes {
		e.drop(e.order.Back())
	}
	return resp, nil
}

func (e *etags) drop(el *list.Element) {
	c := e.order.Remove(el).(*cached)
	delete(e.byURL, c.url)
	e.size -= len(c.body)
}
