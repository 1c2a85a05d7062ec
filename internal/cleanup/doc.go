// Package cleanup takes away what a release leaves behind, when its time has come:
// images that no slot uses any more, then what is in the slot that was live before.
//
// It goes by the traffic, the ledger and the labels of the containers as they are, so
// a run that was killed is continued by the next. It refuses anything before its time,
// which counts from the end of the last bake; anything while a release is on its way;
// a slot that has traffic; a slot that holds anything of another release; and the way
// back while what is live is not healthy. Volumes, addresses, and what others use are
// never touched. The way back is closed in the ledger first. What ends before anything
// may be gone, for whatever reason, opens it again and starts what was stopped.
package cleanup
