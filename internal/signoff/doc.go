// Package signoff says whether a named role has approved a release: in a
// protected GitHub environment, for this run, and for an unchanged set of
// images.
//
// It promises that an approval counts only when the environment really asks
// somebody, a listed reviewer answered who did not start the run, and the
// release belongs to the run. It looks after the wait, since GitHub creates an
// environment that does not exist and waves the job through.
//
// It refuses a missing or unprotected environment, a rejection, an approval for
// other images, one by whoever started the run, and one that may be an
// administrator's bypass. What cannot be read is not shown, and never passes.
package signoff
