package gate

import (
	"math"
	"time"
)

// alpha bounds the probability of calling a candidate worse that is not, by
// either of the two tests over all steps of a release. Twice as much would find
// a release with 1 % of errors at 5 requests a second within 2 minutes in 83
// cases of 100 instead of 78, and by simulation take back 1 good one of 100.
const alpha = 0.01

// rejectAt is the evidence from which a step's test says worse, when each of so
// many steps has its share of alpha.
func rejectAt(steps int) float64 { return float64(max(steps, 1)) / alpha }

// How many times worse the candidate might be than the slot beside it, and than
// the past, of which another hour can differ by some factor. The likelihood
// ratios of either list are averaged.
var (
	besides = []float64{2, 3, 5, 10, 20, 50}
	pasts   = []float64{5, 10, 20, 50}
)

// weighed is the likelihood ratio against each of a list, as logarithms.
type weighed []float64

// evidence is a sequential test of one step: the likelihood of a candidate that
// became worse at some minute, over that of one that is as good as it should be.
// Under the latter it is a supermartingale that starts at 1, so that looking at
// every tick costs nothing (Ville's inequality). The first minute has most of
// the weight, since a bad release is mostly bad from its first request; the
// others share the rest, so that a long clean history does not hide what begins
// late. The zero value has seen nothing.
type evidence struct {
	starts []weighed
	last   time.Time // when the newest of starts began
}

// first is the weight of the first minute.
const first = 0.8

// add takes what happened since the look before: by how much it multiplies the
// likelihoods.
func (e *evidence) add(at time.Time, step weighed) {
	if len(e.starts) == 0 || at.Sub(e.last) >= time.Minute {
		e.starts, e.last = append(e.starts, make(weighed, len(step))), at
	}
	for i := range e.starts {
		for j := range step {
			e.starts[i][j] += step[j]
		}
	}
}

// ratio is the likelihood ratio, averaged over the minutes and over how much worse.
func (e *evidence) ratio() float64 {
	sum, left := 0.0, 1.0
	for i, logs := range e.starts {
		weight := first
		if n := float64(i); i > 0 {
			weight = (1 - first) / (n * (n + 1))
		}
		for _, log := range logs {
			sum += weight * math.Exp(log) / float64(len(logs))
		}
		left -= weight
	}
	return sum + left // minutes to come, of which nothing is known
}

// comparison asks whether the candidate errs more often than the live slot
// beside it. When it does not, an error belongs to the candidate with the
// probability of its share of the requests. It holds whatever befalls both.
type comparison struct {
	evidence
	pending bothSlots // not in the evidence yet
}

// bothSlots is what both slots counted.
type bothSlots struct{ errors, requests, liveErrors, liveRequests float64 }

// add takes the errors and requests of both slots since the look before. The
// slots are scraped at different moments, so a look can come between: what it
// saw of one slot waits until the other has been seen too, and is never dropped.
func (c *comparison) add(at time.Time, grown bothSlots) {
	p := &c.pending
	p.errors += grown.errors
	p.requests += grown.requests
	p.liveErrors += grown.liveErrors
	p.liveRequests += grown.liveRequests
	if !(p.requests > 0) || !(p.liveRequests > 0) {
		return
	}
	share := p.requests / (p.requests + p.liveRequests)
	step := make(weighed, len(besides))
	for i, rho := range besides {
		theta := share * rho / (share*rho + 1 - share)
		step[i] = p.errors*math.Log(theta/share) + p.liveErrors*math.Log((1-theta)/(1-share))
	}
	*p = bothSlots{}
	c.evidence.add(at, step)
}

// drift asks whether the candidate errs more often than the live slot did in its
// past, which knows more than the minutes beside it. It says nothing about what
// befalls both. The zero value has seen nothing.
type drift struct {
	evidence
	base   float64 // the live slot's error rate, its upper bound; 0 before it is known
	before []grown // looks that came before it was
}

// grown is the errors and requests of one slot since the look before.
type grown struct {
	at               time.Time
	errors, requests float64
}

// add takes what happened since the look before.
func (d *drift) add(g grown) {
	if d.base == 0 {
		d.before = append(d.before, g)
		return
	}
	step := make(weighed, len(pasts))
	for i, rho := range pasts {
		step[i] = g.errors*math.Log(rho) - (rho-1)*d.base*g.requests
	}
	d.evidence.add(g.at, step)
}

// against sets the rate that the candidate is held against in this step.
func (d *drift) against(base float64) {
	d.base = base
	for _, g := range d.before {
		d.add(g)
	}
	d.before = nil
}
