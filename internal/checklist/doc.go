// Package checklist is the plan's list of items and what a release has shown of
// it: the release checklist, the sign-off form and the deployment summary.
//
// It promises that an item is ticked only by evidence: an item that refers to
// others takes the worst of them, an item without evidence is "not shown", and
// the overall status is APPROVED only when all four leads have signed off and
// nothing that is due in a release has failed or was not shown.
//
// It refuses evidence for an item that the plan does not have, since a typing
// error there would otherwise tick nothing and be noticed by nobody.
package checklist
