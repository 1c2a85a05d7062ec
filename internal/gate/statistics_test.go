package gate_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// The sample sizes that the rules ask for, from the exact binomial numbers.
func TestUpperBound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ bad, n, low, high float64 }{
		{0, 2995, 0.000999, 0.001},
		{1, 4742, 0.000999, 0.001},
		{2, 6294, 0.000999, 0.001},
		{3, 7752, 0.000999, 0.001},
		{0, 299, 0.00996, 0.01},
		{1, 473, 0.00996, 0.01},
		{2, 628, 0.00996, 0.01},
		{0, 600, 0.0049, 0.005},
		{0, 0, 1, 1},
		{5, 5, 1, 1},
		{9, 5, 1, 1},
		{50_000, 1e9, 5.03e-5, 5.05e-5},
	} {
		if got := gate.UpperBound(c.bad, c.n); !(c.low <= got && got <= c.high) {
			t.Errorf("%v of %v: %v, want %v to %v", c.bad, c.n, got, c.low, c.high)
		}
	}
}

// simulate runs many releases at 10 % of 50 requests a second, with a tick each
// 15 seconds for 5 minutes, and returns after how many ticks each was rejected.
func simulate(runs int, candidate, live float64) (ticks []int) {
	random := rand.New(rand.NewPCG(1, 2))
	errors := func(n int, p float64) (k float64) {
		for range n {
			if random.Float64() < p {
				k++
			}
		}
		return k
	}
	for range runs {
		var test gate.Comparison
		for tick := range 20 {
			if test.Add(errors(75, candidate), 75, errors(675, live), 675); test.Rejects() {
				ticks = append(ticks, tick+1)
				break
			}
		}
	}
	return ticks
}

func TestAnEqualCandidateIsSeldomCalledWorse(t *testing.T) {
	t.Parallel()
	const runs = 1000
	if wrong := len(simulate(runs, 0.0005, 0.0005)); wrong > runs/100 {
		t.Errorf("%d of %d, want at most 1 in 100", wrong, runs)
	}
}

func TestACandidateTwentyTimesWorseIsFoundSoon(t *testing.T) {
	t.Parallel()
	const runs = 500
	found := simulate(runs, 0.01, 0.0005)
	if len(found) < runs*95/100 {
		t.Fatalf("%d of %d found", len(found), runs)
	}
	slices.Sort(found)
	if median := found[len(found)/2]; median > 8 {
		t.Errorf("half of them after %d ticks, want at most 8", median)
	}
}

func TestACandidateAloneIsHeldAgainstTheLiveSlotsPast(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate float64
		want bool
	}{
		"as before":          {0.001, false},
		"twice as many":      {0.002, false},
		"twenty times worse": {0.02, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d gate.Drift
			worse, errors := false, 0.0
			for tick := range 60 {
				before := errors
				errors = float64(int(float64(tick+1) * 1000 * c.rate))
				worse = d.Step(errors-before, 1000, 0.0011) || worse
			}
			if worse != c.want {
				t.Errorf("called worse: %v, want %v", worse, c.want)
			}
		})
	}
}

// The targets of two slots are scraped at different moments: a look can see one
// of them grow and not the other, every time.
func TestAComparisonForgetsNothingBetweenTwoScrapes(t *testing.T) {
	t.Parallel()
	var apart, together gate.Comparison
	for range 20 {
		apart.Add(1, 20, 0, 0)
		apart.Add(0, 0, 0, 180)
		together.Add(1, 20, 0, 180)
	}
	if !together.Rejects() || !apart.Rejects() {
		t.Errorf("5%% of errors beside none: rejected %v, and %v when seen apart", together.Rejects(), apart.Rejects())
	}
}
