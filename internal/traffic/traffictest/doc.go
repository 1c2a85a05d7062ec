// Package traffictest has the suites that every implementation of package
// traffic's interfaces must pass, and a load balancer, a ledger and a lease in
// memory that pass them, for tests of what is built upon them.
//
// The fakes promise the same as the real ones and record each call. They are
// safe for concurrent use and run on the time of the bubble that they are used
// in.
package traffictest
