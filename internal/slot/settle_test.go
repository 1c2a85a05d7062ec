package slot

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// overworked is an engine that tells of its containers once, and then no more.
type overworked struct {
	Engine
	all []Container
}

func (o *overworked) Containers(ctx context.Context, _ string) ([]Container, error) {
	if all := o.all; all != nil {
		o.all = nil
		return all, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (*overworked) Events(context.Context, string, time.Time) (<-chan Event, func() error) {
	return nil, nil
}

func (*overworked) Logs(_ context.Context, _ string, _ time.Time, _ int, line func(string)) error {
	line("waiting for the database")
	return nil
}

// The time may be over in the middle of a look: what was lacking at the one before
// is the reason.
func TestWhatWasLackingIsSaidWhereTheLastLookIsNotAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		web := Container{ID: "w", Service: "web", Number: 1, State: Running, Health: Starting}
		e, err := New(release.Green, settings(), &overworked{all: []Container{web}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&deployment{Environment: e, plan: new(plan)}).settle(t.Context())
		if err == nil || !strings.Contains(err.Error(), "green is not healthy within 1m0s: web 1 is starting: waiting for the database") {
			t.Errorf("got %v", err)
		}
	})
}
