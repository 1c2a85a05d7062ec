// Package course is how the traffic of a release went, over all attempts, put
// together from what each shift has written down: the weights over time, what
// the gates decided, and the figures before and after.
//
// It judges nothing, and makes nothing up: what no shift has written down is
// left out, and a log of another release is not taken.
package course
