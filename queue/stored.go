package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version is the version of the stored forms. Fields are added, and then the version rises; they are never renamed or
// given another meaning, and their zero values mean what was so before there were any, so that older versions are read.
// What has a newer version, or a field that is not known, is refused: a program that drops what it does not understand
// would land what it should not.
const Version = 2

// Bounds on what is decoded, in bytes.
const (
	MaxStoredLane  = 64 << 20
	MaxStoredEvent = 16 << 20 // a sweep names every open pull request
)

// A stored thing is a kind and a body.
type stored struct {
	Version int             `json:"version"`
	Kind    string          `json:"kind"`
	Body    json.RawMessage `json:"body"`
}

// EncodeLane is the stored form of a lane.
func EncodeLane(l Lane) ([]byte, error) { return encode("lane", storeLane(l)) }

// DecodeLane reads the stored form of a lane.
func DecodeLane(data []byte) (Lane, error) {
	var form laneForm
	kind, body, err := unwrap(data, "lane", MaxStoredLane)
	if err == nil && kind != "lane" {
		err = fmt.Errorf("read a stored lane: it is of kind %q", kind)
	}
	if err == nil {
		err = strict(body, &form)
	}
	if err != nil {
		return Lane{}, err
	}
	return form.lane(), nil
}

// encode wraps a body.
func encode(kind string, body any) ([]byte, error) {
	inner, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", kind, err)
	}
	return json.Marshal(stored{Version, kind, inner})
}

// unwrap reads the envelope of a stored thing.
func unwrap(data []byte, what string, most int) (kind string, body []byte, err error) {
	if len(data) > most {
		return "", nil, fmt.Errorf("read a stored %s: %d bytes, at most %d are read", what, len(data), most)
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return "", nil, fmt.Errorf("read a stored %s: %w", what, err)
	}
	if version.Version < 1 || version.Version > Version {
		return "", nil, fmt.Errorf("read a stored %s: it has version %d, this program reads versions 1 to %d; run the one that wrote it, or a newer one",
			what, version.Version, Version)
	}
	var s stored
	if err := strict(data, &s); err != nil {
		return "", nil, fmt.Errorf("read a stored %s: %w", what, err)
	}
	return s.Kind, s.Body, nil
}

// strict decodes one value, of known fields only, with nothing after it.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the value")
	}
	return nil
}

// each converts a list; an empty one becomes nil.
func each[A, B any](in []A, convert func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}
