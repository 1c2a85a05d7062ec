// Package queue looks at the shared queue of jobs: how many wait, how many are
// in work, how many wait for another attempt, how many were put aside. It takes
// nothing from it and changes nothing.
//
// It promises that a depth of 0 was said by the server, of a key that has jobs
// in it or does not exist, and that the lengths are of one instant. It refuses a
// key of a type that holds no jobs, since its length would mean something else.
package queue

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Lists is what is asked of the server.
type Lists interface {
	// Keys lists the keys that begin with a prefix, each once.
	Keys(ctx context.Context, prefix string) ([]string, error)
	// Lengths counts the jobs under each key, all at one instant. A key of a type
	// that holds no jobs is an error.
	Lengths(ctx context.Context, keys ...string) ([]Length, error)
}

// Length is how many jobs are under a key.
type Length struct {
	Jobs   int64
	Exists bool // Redis removes a key with its last job
}

// Depth is how many jobs there are, by where they are.
type Depth struct {
	Waiting int64 `json:"waiting"`
	Working int64 `json:"working"`
	Delayed int64 `json:"delayed"` // wait for their next attempt
	Parked  int64 `json:"parked"`
	Workers int   `json:"workers"` // that have a job in hand
	Absent  bool  `json:"absent"`  // the server has no such key, which is how Redis keeps an empty queue
}

// Look reads the depth.
func (s Settings) Look(ctx context.Context, on Lists) (Depth, error) {
	if s.Name == "" {
		return Depth{}, release.Reject("set queue.name to the key that jobs wait under", "queue.name is missing")
	}
	working, err := on.Keys(ctx, s.processing())
	if err != nil {
		return Depth{}, fmt.Errorf("list jobs in work under %s: %w", s.processing(), err)
	}
	all, err := on.Lengths(ctx, append([]string{s.Name, s.delayed(), s.parked()}, working...)...)
	if err != nil {
		return Depth{}, fmt.Errorf("measure queue %s: %w", s.Name, err)
	}
	if len(all) != 3+len(working) {
		return Depth{}, fmt.Errorf("measure queue %s: %d answers to %d keys", s.Name, len(all), 3+len(working))
	}
	return depth(all), nil
}

// depth reads the lengths: waiting, delayed, parked, and then each list of jobs in
// work.
func depth(all []Length) Depth {
	d := Depth{Waiting: all[0].Jobs, Absent: !all[0].Exists, Delayed: all[1].Jobs, Parked: all[2].Jobs}
	for _, one := range all[3:] {
		d.Working += one.Jobs
		if one.Jobs > 0 {
			d.Workers++
		}
	}
	return d
}

// Jobs is all of them, wherever they are.
func (d Depth) Jobs() int64 { return d.Waiting + d.Working + d.Delayed + d.Parked }

// String prints the depth, such as "12 waiting, 2 in work, 0 delayed, 0 parked".
func (d Depth) String() string {
	text := fmt.Sprintf("%d waiting, %d in work, %d delayed, %d parked", d.Waiting, d.Working, d.Delayed, d.Parked)
	if d.Absent {
		text += " (there is no such key, as of an empty queue)"
	}
	return text
}

// Normal is how many waiting jobs no longer are. Source: section 5.4 of the plan.
const Normal = 100

// Steady says whether a queue that was looked at several times does not grow: its
// last depth is normal, or the mean of the second half is at most a tenth above
// that of the first. A backlog that only swings is above it as often as below, so
// that less shows nothing. One look shows nothing either.
func Steady(looks []Depth) bool {
	if len(looks) < 2 {
		return false
	}
	half := len(looks) / 2
	return looks[len(looks)-1].Waiting < Normal || mean(looks[half:]) <= 1.1*mean(looks[:half])
}

func mean(looks []Depth) (waiting float64) {
	for _, d := range looks {
		waiting += float64(d.Waiting) / float64(len(looks))
	}
	return waiting
}
