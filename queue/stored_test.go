package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// filled gives every field of a value something that is not zero, so that a field that a form forgets is seen.
func filled(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0), n)
		filled(v.Index(1), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, int(*n%60), 5, time.UTC)))
			return
		}
		for i := range v.NumField() {
			filled(v.Field(i), n)
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

func full[T any](zero T) T {
	var n int64
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	filled(v, &n)
	return v.Interface().(T)
}

// everyEvent and everyEffect are one of each kind.
func everyEvent() []Event {
	return []Event{full(Submitted{}), full(Withdrawn{}), full(HeadMoved{}), full(Judged{}), full(Built{}), full(Rejected{}),
		full(Tested{}), full(TipMoved{}), full(Refused{}), full(Landed{}), full(Ticked{}), full(PauseSet{}), full(Resumed{}),
		full(PolicyChanged{}), full(TargetMerged{}), full(TargetMoved{}), full(Reconciled{})}
}

func everyEffect() []Effect {
	return []Effect{full(Build{}), full(Land{}), full(Drop{}), full(Tell{}), full(Offer{})}
}

// TestStoredForms holds that every field of everything survives being stored, and that the forms stay as they are.
func TestStoredForms(t *testing.T) {
	for _, e := range everyEvent() {
		data := must(EncodeEvent(e))
		golden(t, fmt.Sprintf("event-%T", e), data)
		same(t, e, must(DecodeEvent(data)))
		same(t, e, must(DecodeEvent(reread(t, fmt.Sprintf("event-%T", e)))))
	}
	for _, e := range everyEffect() {
		data := must(EncodeEffect(e))
		golden(t, fmt.Sprintf("effect-%T", e), data)
		same(t, e, must(DecodeEffect(data)))
	}
	l := full(Lane{})
	data := must(EncodeLane(l))
	golden(t, "lane", data)
	same(t, l, must(DecodeLane(data)))
	same(t, Lane{}, must(DecodeLane(must(EncodeLane(Lane{})))))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T does not survive being stored (-want +got):\n%s", want, diff)
	}
}

func goldenName(name string) string {
	return filepath.Join("testdata", "stored", strings.ToLower(strings.ReplaceAll(name, "queue.", ""))+".json")
}

func golden(t *testing.T, name string, data []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile(goldenName(name), pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(reread(t, name)), pretty.String()); diff != "" {
		t.Errorf("%s is stored otherwise than it was: fields are added, never renamed (-want +got):\n%s", name, diff)
	}
}

func reread(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(goldenName(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestStoredRefusals holds that nothing is read that is not wholly understood.
func TestStoredRefusals(t *testing.T) {
	lane := string(must(EncodeLane(Lane{Branch: "b"})))
	tests := []struct{ name, data, want, why string }{
		{"newer", strings.Replace(lane, `"version":2`, `"version":3,"more":1`, 1), "it has version 3", "a newer program knows more"},
		{"none", `{"kind":"lane","body":{}}`, "it has version 0", "no version is no version"},
		{"field", strings.Replace(lane, `"branch"`, `"hold":1,"branch"`, 1), "unknown field", "what it means would be lost"},
		{"envelope", strings.Replace(lane, `"kind"`, `"by":"x","kind"`, 1), "unknown field", "the same, outside"},
		{"kind", strings.Replace(lane, `"kind":"lane"`, `"kind":"ticked"`, 1), `of kind "ticked"`, "an event is no lane"},
		{"trailing", lane + "{}", "after top-level value", "two lanes are none"},
		{"cut", lane[:len(lane)-3], "unexpected end", "half a lane is none"},
		{"type", strings.Replace(lane, `"b"`, `7`, 1), "cannot unmarshal", "a number is no branch"},
		{"body", `{"version":1,"kind":"lane","body":null}x`, "invalid character", "garbage"},
		{"large", strings.Repeat(" ", MaxStoredLane+1), "at most", "it would fill the memory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := DecodeLane([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q: %s", err, tt.want, tt.why)
			}
		})
	}
	for _, data := range []string{`{"version":1,"kind":"exploded","body":{}}`, `{"version":1,"kind":"lane","body":{}}`, `{"version":1,"kind":"built","body":[]}`} {
		if e, err := DecodeEvent([]byte(data)); err == nil {
			t.Errorf("%s was read as the event %+v", data, e)
		}
		if e, err := DecodeEffect([]byte(data)); err == nil {
			t.Errorf("%s was read as the effect %+v", data, e)
		}
	}
	if _, err := EncodeEvent(nil); err == nil {
		t.Error("no event was stored")
	}
	if _, err := EncodeEffect(nil); err == nil {
		t.Error("no effect was stored")
	}
}

// TestStoredBefore holds that what an earlier program stored is read, and stored anew as what it was.
func TestStoredBefore(t *testing.T) {
	files, err := filepath.Glob("testdata/stored/version*/*.json")
	if err != nil || len(files) < 23 {
		t.Fatalf("%d files of earlier versions, at least 23 are expected (%v)", len(files), err)
	}
	for _, file := range files {
		data := must(os.ReadFile(file))
		var was, is struct {
			Version int             `json:"version"`
			Body    json.RawMessage `json:"body"`
		}
		now, err := restore(filepath.Base(file), data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err := errors.Join(json.Unmarshal(data, &was), json.Unmarshal(now, &is)); err != nil {
			t.Fatal(err)
		}
		var old, anew any
		if err := errors.Join(json.Unmarshal(was.Body, &old), json.Unmarshal(is.Body, &anew)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(old, anew); diff != "" || was.Version >= Version || is.Version != Version {
			t.Errorf("%s of version %d is stored as version %d and says something else (-was +is):\n%s", file, was.Version, is.Version, diff)
		}
	}
}

// restore reads what is stored in a file, by its name, and stores it again.
func restore(name string, data []byte) ([]byte, error) {
	switch kind, _, _ := strings.Cut(name, "-"); kind {
	case "event":
		e, err := DecodeEvent(data)
		if err != nil {
			return nil, err
		}
		return EncodeEvent(e)
	case "effect":
		e, err := DecodeEffect(data)
		if err != nil {
			return nil, err
		}
		return EncodeEffect(e)
	}
	l, err := DecodeLane(data)
	if err != nil {
		return nil, err
	}
	return EncodeLane(l)
}

// FuzzStored holds that any lane and event that can be read can be stepped, and is stored again as the same.
func FuzzStored(f *testing.F) {
	lane := must(EncodeLane(full(Lane{})))
	for _, e := range everyEvent() {
		f.Add(lane, must(EncodeEvent(e)))
		f.Add(must(EncodeLane(Lane{})), must(EncodeEvent(e)))
	}
	f.Fuzz(func(t *testing.T, lane, event []byte) {
		l, err := DecodeLane(lane)
		if err != nil {
			return
		}
		e, err := DecodeEvent(event)
		if err != nil {
			return
		}
		if again := must(DecodeLane(must(EncodeLane(l)))); !cmp.Equal(l, again, cmpopts.EquateEmpty()) {
			t.Errorf("stored otherwise: %s", cmp.Diff(l, again))
		}
		once, effects := Step(l, e)
		twice, again := Step(l, e)
		if !cmp.Equal(once, twice) || !cmp.Equal(effects, again) {
			t.Error("Step is not deterministic")
		}
		Plan(once)
	})
}
