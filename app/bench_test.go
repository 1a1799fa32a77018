package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/agentplane/agentplane/checks"
)

// percentile is the value below which a share of the times lies.
func percentile(times []time.Duration, share float64) time.Duration {
	slices.Sort(times)
	return times[min(int(share*float64(len(times))), len(times)-1)]
}

// processorTime is what this process has used so far. It says the same on a busy machine.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIngest posts signed 25 KB deliveries over 64 connections. The bars: 2,000 a second, stored with fsync, and a
// 99th percentile below 50 ms. The processor time is that of both sides: those who post share the machine.
func BenchmarkIngest(b *testing.B) {
	w := newWorld(b, func(s *setup) { s.watch = false })
	w.settle()
	filler := strings.Repeat("x", 25<<10)
	// The pull request is none of the repository's, so that what is measured is the way in.
	body := []byte(fmt.Sprintf(`{"action":"labeled","number":1,"pull_request":{"number":1,"head":{"ref":"x","sha":"y"},"body":%q},
		"repository":{"id":%d,"full_name":"octo/blog"},"installation":{"id":%d}}`, filler, w.repo.ID, w.inst.ID))
	signature := "sha256=" + signed(sha256.New, body)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var next atomic.Int64
	times := make([]time.Duration, b.N)
	used := processorTime(b)
	b.ResetTimer()
	var posts sync.WaitGroup
	for range 64 {
		posts.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				times[i] = post(b, client, w.hook, body, signature, i)
			}
		})
	}
	posts.Wait()
	b.StopTimer()
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "deliveries/s")
	b.ReportMetric(float64((processorTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(percentile(times, 0.99).Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(percentile(times, 0.5).Microseconds())/1000, "p50-ms")
}

func post(b *testing.B, client *http.Client, url string, body []byte, signature string, i int) time.Duration {
	start := time.Now()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "pull_request")
	r.Header.Set("X-GitHub-Delivery", fmt.Sprintf("00000000-0000-0000-0000-%012d", i))
	r.Header.Set("X-Hub-Signature-256", signature)
	answer, err := client.Do(r)
	if err != nil {
		b.Error(err)
		return 0
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		b.Errorf("answered %d", answer.StatusCode)
	}
	return time.Since(start)
}

// BenchmarkPushToCheckRun measures from a push, on an idle App, to its verdict on GitHub. The bar: half of them within
// 300 ms.
func BenchmarkPushToCheckRun(b *testing.B) {
	w := newWorld(b, func(s *setup) { s.watch = false })
	w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": "a\n"})
	w.open("search", "agent/search")
	w.settle()
	times := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		w.settle()
		b.StartTimer()
		start := time.Now()
		sha := w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": fmt.Sprintf("%d\n", i)})
		for {
			if run, ok := w.repo.CheckRun(sha, checks.CheckOwnership); ok && run.Status == "completed" {
				break
			}
			<-time.After(time.Millisecond)
		}
		times = append(times, time.Since(start))
	}
	b.ReportMetric(float64(percentile(times, 0.5).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(percentile(times, 0.95).Microseconds())/1000, "p95-ms")
}
