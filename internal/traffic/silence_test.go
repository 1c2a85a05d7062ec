package traffic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// counter is what a slot says at each question: a number of requests, or nothing
// when it is below 0.
func counter(says ...float64) func(context.Context, release.Slot) (float64, error) {
	return func(context.Context, release.Slot) (float64, error) {
		now := says[0]
		if len(says) > 1 {
			says = says[1:]
		}
		if now < 0 {
			return 0, errors.New("connection refused")
		}
		return now, nil
	}
}

func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		says     []float64
		watched  time.Duration
		requests float64
		err      string
	}{
		"nobody comes":                          {[]float64{7}, 75 * time.Second, 0, ""},
		"somebody comes":                        {[]float64{7, 9}, 75 * time.Second, 2, ""},
		"a first count that fails is none":      {[]float64{-1, -1, 7}, 90 * time.Second, 0, ""},
		"a last count that fails is tried anew": {[]float64{7, -1, 7}, 75 * time.Second, 0, ""},
		"no count at all":                       {[]float64{-1}, 75 * time.Second, 0, "not watched for 1m0s: connection refused"},
		"no last count":                         {[]float64{7, -1}, 75 * time.Second, 0, "read the requests of the green slot: connection refused"},
		"too short":                             {[]float64{7}, 30 * time.Second, 0, "not watched for 1m0s: the time was too short"},
	} {
		t.Run(name, func(t *testing.T) {
			bubbled(t, func(t *testing.T) {
				begin := time.Now()
				s := traffic.Silence{Slot: release.Green, Served: counter(c.says...), After: begin.Add(traffic.LateFor)}
				for ; time.Since(begin) < c.watched; time.Sleep(5 * time.Second) {
					s.Look(t.Context())
				}
				requests, _, err := s.Close(t.Context())
				if equal(t, "requests", requests, c.requests); c.err == "" {
					equal(t, "error", err, nil)
				} else if err == nil {
					t.Error("no error")
				} else {
					says(t, "error", err.Error(), c.err)
				}
			})
		})
	}
}
