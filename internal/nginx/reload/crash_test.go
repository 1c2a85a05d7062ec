package reload_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var errKilled = errors.New("killed")

// killAfter lets k effects through.
func killAfter(k int) func(op, name string) error {
	return func(string, string) error {
		if k--; k < 0 {
			return errKilled
		}
		return nil
	}
}

// The moves that the suite does not kill.
func TestASettlingThatIsKilledIsGoneOnWith(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *reload.Settings) { s.CloseConnections = true })
	want := release.Split(release.Green, 100)
	for k, killed := 0, true; killed; k++ {
		must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
		mortal := b.open(t)
		mortal.Before(killAfter(k))
		err := mortal.Settle(t.Context(), release.Green)
		killed = errors.Is(err, errKilled)
		if !killed {
			must(t, err)
		}
		next := b.open(t) // the process that comes after
		equal(t, fmt.Sprintf("killed after %d effects", k), weights(t, next), want)
		for range 2 {
			must(t, next.Settle(t.Context(), release.Green))
			equal(t, fmt.Sprintf("repeated after %d effects", k), weights(t, next), want)
		}
	}
	splits(t, b.open(t), want)
}

func TestARefusedMoveThatIsKilledIsGoneOnWith(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 10, 1))
	for k := 0; ; k++ {
		b.write(t, foreign+"rubbish;\n")
		mortal := b.open(t)
		mortal.Before(killAfter(k))
		err := mortal.Set(t.Context(), release.Green, 50, 1)
		equal(t, fmt.Sprintf("killed after %d effects", k), weights(t, b.open(t)), release.Split(release.Green, 10))
		b.write(t, foreign)
		if !errors.Is(err, errKilled) {
			says(t, "not killed any more", err, "rubbish")
			t.Logf("%d effects", k)
			break
		}
	}
	must(t, b.open(t).Set(t.Context(), release.Green, 50, 1))
	splits(t, b.open(t), release.Split(release.Green, 50))
}
