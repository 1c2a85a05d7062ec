package gate

import "math"

// confidence of every bound that is reported.
const confidence = 0.95

// UpperBound is the share of bad requests that is not exceeded with 95 %
// confidence when bad of n requests were bad: Clopper and Pearson's exact
// one-sided bound. It is 1 when nothing was requested.
func UpperBound(bad, n float64) float64 {
	bad, n = math.Floor(bad), math.Floor(n)
	if !(n > 0) || bad >= n {
		return 1
	}
	low, high := bad/n, 1.0
	for range 60 {
		middle := (low + high) / 2
		if atMost(bad, n, middle) > 1-confidence {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// atMost is the probability of at most k bad ones among n, each bad with
// probability p, 0 < p < 1. It sums from k down and stops when nothing is added.
func atMost(k, n, p float64) float64 {
	term := math.Exp(logChoose(n, k) + k*math.Log(p) + (n-k)*math.Log1p(-p))
	sum := term
	for ; k > 0 && term > sum*1e-12; k-- {
		term *= k / (n - k + 1) * (1 - p) / p
		sum += term
	}
	return min(sum, 1)
}

func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// alpha is the probability of calling a candidate worse that is not, over a
// release of three steps.
const alpha = 0.01

// rejectAt is the likelihood ratio from which a step's comparison says worse.
const rejectAt = 3 / alpha

// ratios are how many times worse the candidate might be. Their likelihood
// ratios are averaged.
var ratios = [...]float64{2, 3, 5, 10, 20, 50}

// comparison asks whether the candidate errs more often than the live slot
// beside it. When it does not, an error belongs to the candidate with the
// probability of its share of the requests, and the mixed likelihood ratio is a
// martingale, so that looking at every tick costs nothing (Ville's inequality).
// The zero value has seen nothing.
type comparison struct {
	logs    [len(ratios)]float64
	pending bothSlots // not in the logs yet
}

// bothSlots is what both slots counted.
type bothSlots struct{ errors, requests, liveErrors, liveRequests float64 }

// add takes the errors and requests of both slots since the look before. The
// slots are scraped at different moments, so a look can come between: what it
// saw of one slot waits until the other has been seen too, and is never dropped.
func (c *comparison) add(errors, requests, liveErrors, liveRequests float64) {
	p := &c.pending
	p.errors += errors
	p.requests += requests
	p.liveErrors += liveErrors
	p.liveRequests += liveRequests
	if !(p.requests > 0) || !(p.liveRequests > 0) {
		return
	}
	errors, liveErrors = p.errors, p.liveErrors
	share := p.requests / (p.requests + p.liveRequests)
	*p = bothSlots{}
	for i, rho := range ratios {
		theta := share * rho / (share*rho + 1 - share)
		c.logs[i] += errors*math.Log(theta/share) + liveErrors*math.Log((1-theta)/(1-share))
	}
}

// ratio is the averaged likelihood ratio.
func (c *comparison) ratio() float64 {
	sum := 0.0
	for _, log := range c.logs {
		sum += math.Exp(log)
	}
	return sum / float64(len(ratios))
}

// drift watches a candidate without a live slot beside it: CUSUM of the
// likelihood that it errs ten times as often as the live slot did. The zero
// value has seen nothing.
type drift struct {
	base             float64 // the live slot's error rate, its upper bound; 0 before the first error
	errors, requests float64 // not in the sum yet
	sum              float64
}

// driftAt is the sum from which the candidate counts as worse; by simulation it
// alarms falsely in 0.05 % of half hours.
const driftAt = 7

// worse is how many times the live slot's error rate is looked for, and maxBase
// keeps that a probability.
const (
	worse   = 10
	maxBase = 0.05
)

// add takes what happened since the look before.
func (d *drift) add(errors, requests float64) {
	if d.base == 0 && d.errors == 0 && errors == 0 {
		return // good requests before the first error leave the sum at 0
	}
	d.errors += errors
	d.requests += requests
}

// rejects says whether the candidate errs far more often than base, the rate
// that the live slot had at the first error.
func (d *drift) rejects(base float64) bool {
	if d.base == 0 {
		d.base = min(base, maxBase)
	}
	good := max(d.requests-d.errors, 0)
	d.sum += d.errors*math.Log(worse) + good*(math.Log1p(-worse*d.base)-math.Log1p(-d.base))
	d.sum = max(d.sum, 0)
	d.errors, d.requests = 0, 0
	return d.sum >= driftAt
}
