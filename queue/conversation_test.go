package queue

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what the lane answers in testdata")

// TestConversations plays the files in testdata. A line that is not indented is an event, or a question ("?" for the
// statuses, "plan" for the order); the indented lines below it are what the lane asks for. "#" begins a comment.
// Requests and readings count up by themselves, a head is the pull request's newest one, and a candidate is called c1,
// c2 in the order of their first builds; its commit is m1, m2.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d conversations, at least 40 are expected (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { converse(t, file) })
	}
}

func converse(t *testing.T, file string) {
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(src), "# ") {
		t.Error("the conversation does not say what it shows")
	}
	got := newTalk(t).run(string(src))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(src), got); diff != "" {
		t.Errorf("the lane answers otherwise (-want +got; -update rewrites it):\n%s", diff)
	}
}

// A talk is a conversation with a lane.
type talk struct {
	t       *testing.T
	lane    Lane
	heads   map[int]string
	names   map[string]string // candidate to its short name
	ids     map[string]string // and back
	request int64
	reading int64
	last    Event
}

func newTalk(t *testing.T) *talk {
	return &talk{t: t, lane: Lane{Branch: "integration/blog"}, heads: map[int]string{}, names: map[string]string{}, ids: map[string]string{}}
}

// run answers every line of a conversation.
func (k *talk) run(src string) string {
	var out strings.Builder
	for line := range strings.Lines(src) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "    ") {
			continue
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, answer := range k.answer(line) {
			fmt.Fprintln(&out, "    "+answer)
		}
	}
	return out.String()
}

// answer plays one line.
func (k *talk) answer(line string) []string {
	words, why, _ := strings.Cut(line, " : ")
	a := arguments{t: k.t, line: line, words: strings.Fields(words), why: why}
	switch a.words[0] {
	case "?":
		return k.statuses()
	case "plan":
		return k.plan()
	case "lane":
		k.begin(a)
		return nil
	}
	e := k.event(a)
	k.last = e
	lane, effects := Step(k.lane, e)
	if again, more := Step(lane, e); len(more) > 0 || !cmp.Equal(again, lane) {
		k.t.Errorf("%q: a second copy of the event changes something: %v", line, more)
	}
	k.lane = lane
	var answers []string
	for _, f := range effects {
		answers = append(answers, k.effect(f))
	}
	return answers
}

// begin sets the lane up: its policy, the time, the tip and the target.
func (k *talk) begin(a arguments) {
	tip := a.or("tip", "base")
	if tip == "none" {
		tip = ""
	}
	for _, e := range []Event{
		PolicyChanged{Policy: a.policy(k.lane.Policy), Reading: k.read()}, Ticked{At: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)},
		TargetMoved{Target: a.or("target", "main0"), Reading: k.read()}, TipMoved{Tip: tip, Reading: k.read()},
	} {
		k.lane, _ = Step(k.lane, e)
	}
}

func (k *talk) read() int64 { k.reading++; return k.reading }

// name is a candidate's short name.
func (k *talk) name(id string) string {
	if k.names[id] == "" {
		k.names[id] = fmt.Sprintf("c%d", len(k.names)+1)
		k.ids[k.names[id]] = id
	}
	return k.names[id]
}

// effect writes an effect as a line.
func (k *talk) effect(f Effect) string {
	switch f := f.(type) {
	case Build:
		return fmt.Sprintf("build %s on %s: %s%s", k.name(f.Candidate), f.Onto, heads(f.Members), try(f.Try))
	case Land:
		if f.Candidate == "" {
			if f.Expect == "" {
				return fmt.Sprintf("restart: make the branch at %s%s", f.Commit, try(f.Try))
			}
			return fmt.Sprintf("restart: move the branch from %s to %s%s", f.Expect, f.Commit, try(f.Try))
		}
		return fmt.Sprintf("land %s: move the branch from %s to %s, with %s%s", k.name(f.Candidate), f.Expect, f.Commit, heads(f.Members), try(f.Try))
	case Drop:
		return "drop " + k.short(f.Candidate)
	case Tell:
		return fmt.Sprintf("tell #%d: %s", f.Number, k.short(f.Status.String()))
	case Offer:
		numbers := make([]int, len(f.Merged))
		for i, m := range f.Merged {
			numbers[i] = m.Number
		}
		text := fmt.Sprintf("offer %s to %s: %s", f.Tip, f.Target, hashes(numbers))
		if f.Failed.Commit != "" {
			text += fmt.Sprintf("; without %s: %s", f.Failed.Commit, f.Failed.Reason)
		}
		return text
	}
	k.t.Fatalf("an effect %T", f)
	return ""
}

func try(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (try %d)", n+1)
}

func heads(members []Member) string {
	var text []string
	for _, m := range members {
		text = append(text, strings.ReplaceAll(hash(m.Number), " ", "-")+"@"+m.Head)
	}
	return strings.Join(text, " ")
}

// short replaces the candidates in a text by their names.
func (k *talk) short(text string) string {
	for id, name := range k.names {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

func (k *talk) statuses() []string {
	var lines []string
	all := Statuses(k.lane)
	var numbers []int
	for n := range all {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		s := all[n]
		line := fmt.Sprintf("#%d %s", n, k.short(s.String()))
		if s.Place > 0 {
			line += fmt.Sprintf(" [place %d]", s.Place)
		}
		if s.Wait > 0 {
			line += fmt.Sprintf(" [about %s]", s.Wait)
		}
		if len(s.Missing) > 0 {
			line += fmt.Sprintf(" [missing %s]", strings.Join(s.Missing, ", "))
		}
		lines = append(lines, line)
	}
	if why := k.lane.stopped(); why != "" {
		lines = append(lines, why)
	}
	return append(lines, "tip "+k.lane.Tip)
}

func (k *talk) plan() []string {
	order, holds := Plan(k.lane)
	var lines []string
	for i, e := range order {
		lines = append(lines, fmt.Sprintf("%d. #%d", i+1, e.Number))
	}
	for _, h := range holds {
		line := fmt.Sprintf("#%d is held (%s): %s", h.Number, h.Kind, h.Why)
		if len(h.Paths) > 0 {
			line += fmt.Sprintf(" on %q", h.Paths)
		}
		lines = append(lines, line)
	}
	return lines
}
