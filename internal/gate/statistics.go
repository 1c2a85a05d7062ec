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

// LowerBound is the share of bad requests that is reached with 95 % confidence
// when bad of n requests were bad, by the same bound. It is 0 when nothing was
// requested.
func LowerBound(bad, n float64) float64 {
	bad, n = math.Floor(bad), math.Floor(n)
	if !(n > 0) || bad <= 0 {
		return 0
	}
	return 1 - UpperBound(n-bad, n)
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
