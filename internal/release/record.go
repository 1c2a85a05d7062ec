package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxRecord is the size of an encoded record in bytes, far below the 128 KiB
// that one environment string may have on Linux.
const MaxRecord = 32 << 10

// Record is the facts about a release: handles and pins, never a secret, a host
// name or a URL, since GitHub silently drops outputs that contain a masked
// string. Each job takes the record so far and puts out its own addition.
type Record struct {
	ID        ID                `json:"id,omitempty"`
	Version   Version           `json:"version,omitempty"`
	Commit    Commit            `json:"commit,omitempty"`
	Candidate Slot              `json:"candidate,omitempty"`
	Good      Slot              `json:"good,omitempty"`  // the slot to go back to; empty in a first release
	First     bool              `json:"first,omitempty"` // there is no way back
	After     ID                `json:"after,omitempty"` // what was live when preflight looked; empty in a first release
	Images    map[string]Digest `json:"images,omitempty"`
	Schema    *Schema           `json:"schema,omitempty"`
	Backup    *Backup           `json:"backup,omitempty"`
	Smoked    map[string]Digest `json:"smoked,omitempty"` // the digests that the smoke checks passed with
	Shifted   *Shifted          `json:"shifted,omitempty"`
	Started   time.Time         `json:"started,omitzero"`
	Refused   bool              `json:"refused,omitempty"` // preflight has said no: nothing may go on from this record

	Superseded ID `json:"superseded,omitempty"` // by the release that has overtaken it
}

// Schema is the version of the database before and after the migrations.
type Schema struct {
	Before  uint   `json:"before"`
	After   uint   `json:"after"`
	Applied []uint `json:"applied,omitempty"`

	Contracted []uint `json:"contracted,omitempty"` // contract migrations, which have numbers of their own
}

// Backup is a handle on the backup that was taken before the migrations.
type Backup struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Level  string `json:"level"` // what was proven about it
}

// Shifted is how the traffic ended.
type Shifted struct {
	Weight     Weight    `json:"weight"` // of the candidate
	RolledBack bool      `json:"rolledBack,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	At         time.Time `json:"at"`
}

// fields is a Record without its methods, so that JSON objects decode into it.
type fields Record

// UnmarshalText reads a stream of JSON records and merges them in order, so
// that the outputs of several jobs can be written one after the other. Unknown
// fields are refused, and so are two jobs that disagree about the release. Of a
// job without a value nothing is known, and the others' are read all the same.
func (r *Record) UnmarshalText(text []byte) error {
	if len(text) > 4*MaxRecord {
		return fmt.Errorf("release: %d bytes: want at most %d", len(text), 4*MaxRecord)
	}
	var merged Record
	err := values(text, func(dec *json.Decoder) error {
		var next fields
		if err := dec.Decode(&next); err != nil {
			return fmt.Errorf("release: %w", err)
		}
		return merged.merge(Record(next))
	})
	if err == nil {
		*r = merged
	}
	return err
}

// Encode returns the record as one line of JSON.
func (r Record) Encode() (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encode release: %w", err)
	}
	if len(text) > MaxRecord {
		return "", fmt.Errorf("encode release: %d bytes: want at most %d", len(text), MaxRecord)
	}
	return string(text), nil
}

func (r *Record) merge(next Record) error {
	err := errors.Join(
		same("id", &r.ID, next.ID),
		same("version", &r.Version, next.Version),
		same("commit", &r.Commit, next.Commit),
		same("candidate", &r.Candidate, next.Candidate),
		same("good", &r.Good, next.Good),
		same("release that was live before", &r.After, next.After),
	)
	r.First = r.First || next.First
	r.Refused = r.Refused || next.Refused
	latest(&r.Schema, next.Schema)
	latest(&r.Backup, next.Backup)
	if next.Shifted != nil && (r.Shifted == nil || !next.Shifted.At.Before(r.Shifted.At)) {
		r.Shifted = next.Shifted // GitHub keeps the outputs of a job that an attempt did not run
	}
	if next.Images != nil {
		r.Images = next.Images
	}
	if next.Smoked != nil {
		r.Smoked = next.Smoked
	}
	if next.Superseded != "" {
		r.Superseded = next.Superseded
	}
	if r.Started.IsZero() {
		r.Started = next.Started
	}
	return err
}

func same[T ~string](name string, have *T, next T) error {
	switch {
	case next == "" || *have == next:
		return nil
	case *have == "":
		*have = next
		return nil
	}
	return fmt.Errorf("release: two jobs disagree about the %s: %q and %q", name, *have, next)
}

func latest[T any](have **T, next *T) {
	if next != nil {
		*have = next
	}
}
