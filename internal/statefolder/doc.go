// Package statefolder is a folder beside a load balancer in which a router keeps
// what cannot be observed: the ledger, the lease, the newest tokens, and files of
// the router's own, such as the markers of nginx.
//
// It promises that a file is there with all of its text or as it was before,
// that what was written survives a reboot, and that a process which is killed
// between any two writes leaves a folder that the next one can go on from. All
// processes that write share one lock, which ends with its holder.
//
// It refuses a folder in memory, and takes a folder that is gone for an error,
// never for an empty one.
//
// The folder can be on another host: Disk is what it needs of that. Local is
// this host; package ssh has the other one.
package statefolder
