// Package acceptance is the tests of what the product promises, on the real
// program and real services: each phase is started by the line of its action.yml
// and gets the variables that a runner would set, and the sample application is
// released, broken, killed and taken back under load.
//
// It promises that every request of that load is accounted for: a test fails for
// one that no good version answered, and for a job that was lost or done twice.
// It refuses to look inside: what it knows is what a job puts out, what the load
// balancer, the engine, the registry and the database say, and what is written
// beside the load balancer.
package acceptance
