// Package traffic moves the traffic of a release from the good slot to the
// candidate in steps, and back. Forward there is one process, which holds a
// lease; backward there may be any number, which hold nothing.
//
// It promises that the way back is written down before the first request is
// moved, that a step is over only after its bake time was spent under gates
// that pass, that a crash of the candidate ends it at once wherever it is, that a
// decision to roll back is followed by the write to the load balancer and by
// nothing else before it, unless there is a sign that the good slot is gone, and
// that every operation can be killed anywhere and run again. What it keeps of a
// shift stays bounded, however long that takes. What is live is read from the load
// balancer; only what cannot be observed is kept in a Ledger.
//
// It refuses to shift a release whose claim is gone, to go back to "the other
// slot" instead of the one that was written down, to take a share that was
// asked for as one that was observed, and to count time in which nothing could
// be measured.
package traffic
