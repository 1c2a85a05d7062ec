// Package queue looks at the shared queue of jobs: how many wait, how many are
// in work, how many were put aside. It takes nothing from it and changes
// nothing.
//
// It promises that a depth of 0 was said by the server, of a key that is a list
// or does not exist; a key of another type is refused, since its length would
// mean something else.
package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section queue of the configuration.
type Settings struct {
	URL        release.Secret `yaml:"url" help:"redis:// or rediss:// URL of the queue; empty when the application has none."`
	Name       string         `yaml:"name" help:"Key of the list that jobs wait in." default:"email_queue"`
	Processing string         `yaml:"processing" help:"Prefix of the lists of jobs in work; the name and :processing: when empty."`
	Parked     string         `yaml:"parked" help:"Key of the list of jobs that no worker understood; the name and :parked when empty."`
}

// Check refuses a queue without a name.
func (s Settings) Check() error {
	if s.URL != "" && s.Name == "" {
		return errors.New("name is empty: want the key of the list, such as email_queue")
	}
	return nil
}

// prefix of the lists of jobs in work.
func (s Settings) prefix() string {
	if s.Processing != "" {
		return s.Processing
	}
	return s.Name + ":processing:"
}

func (s Settings) parked() string {
	if s.Parked != "" {
		return s.Parked
	}
	return s.Name + ":parked"
}

// Lists is what is asked of the server.
type Lists interface {
	// Length is the length of a list, and whether the key exists. A key of
	// another type is an error.
	Length(ctx context.Context, key string) (n int64, exists bool, err error)
	// Keys lists the keys that begin with a prefix.
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Depth is how many jobs there are, by where they are.
type Depth struct {
	Waiting int64 `json:"waiting"`
	Working int64 `json:"working"`
	Parked  int64 `json:"parked"`
	Workers int   `json:"workers"` // that have a job in hand
	Absent  bool  `json:"absent"`  // the server has no such list, which is how Redis keeps an empty one
}

// Look reads the depth.
func (s Settings) Look(ctx context.Context, on Lists) (Depth, error) {
	var d Depth
	n, exists, err := on.Length(ctx, s.Name)
	if err != nil {
		return d, fmt.Errorf("length of %s: %w", s.Name, err)
	}
	d.Waiting, d.Absent = n, !exists
	keys, err := on.Keys(ctx, s.prefix())
	if err != nil {
		return d, fmt.Errorf("lists of jobs in work: %w", err)
	}
	for _, key := range keys {
		n, _, err := on.Length(ctx, key)
		if err != nil {
			return d, fmt.Errorf("length of %s: %w", key, err)
		}
		d.Working += n
		if n > 0 {
			d.Workers++
		}
	}
	d.Parked, _, err = on.Length(ctx, s.parked())
	return d, err
}

// String prints the depth, such as "12 waiting, 2 in work, 0 parked".
func (d Depth) String() string {
	text := fmt.Sprintf("%d waiting, %d in work, %d parked", d.Waiting, d.Working, d.Parked)
	if d.Absent {
		text += " (no such list: empty)"
	}
	return text
}
