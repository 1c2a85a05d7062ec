// Package alb is the load balancer of package traffic on an AWS Application
// Load Balancer: two target groups in the forward action of one or more
// listener rules or default actions, whose weights are the split.
//
// It promises that every write names both groups and turns the stickiness of
// groups off, that actions before the forward are kept as they are and in their
// order, that several rules move together or not at all on the way forward, and
// that on the way back all are written at once, with nothing read before that
// is not needed. What the control plane has taken is read back; what the load
// balancer does with it is counted by requests, and the two are never taken for
// each other, since a change takes seconds to reach its nodes.
//
// It refuses rules with other groups, with stickiness, or without a forward
// action, groups that are not attached, and credentials that end before the
// release does.
//
// What is written down is kept in tags of the first rule, since a rollback is
// to need nothing but AWS. The API has no compare-and-set, so two promises are
// weaker than those of a lock. A token is refused as soon as its tag can be
// read, and each move forward looks for the tags again after it has written,
// and takes its own write back where a rollback came between; a process that is
// killed between the two can leave its write behind. That is why the weights are
// asserted again for a minute after a rollback (see Assert). The page is written
// under a lock that rests on time: it excludes processes whose calls to AWS
// take less than a quarter of a second to land, and those that take longer find
// out before they commit.
package alb
