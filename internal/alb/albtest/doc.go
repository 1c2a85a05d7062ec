// Package albtest is a stand-in for AWS's Elastic Load Balancing API and for the
// Application Load Balancers that it controls, on loopback addresses, for tests
// and for the demo.
//
// It promises to speak the Query protocol that the real SDK speaks, to refuse
// what AWS refuses with AWS's codes (parameters that do not exist, ARNs that
// name nothing, weights outside of 0 to 999, more than five groups, actions
// without an order, the default rule as a rule, signatures that are wrong, late
// or of an unknown key, calls above the rate), and to route real requests by the
// weights to real targets whose health it checks. A load balancer has several
// nodes, each of which hears of a change a while after the API has taken it;
// connections are dealt to them in turn.
//
// It refuses to be taken for all of AWS: an action that it does not have is
// answered with an error and kept in Surprises. It does not authenticate
// anybody's users: such an action is kept, and its requests pass.
package albtest
