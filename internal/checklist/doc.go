// Package checklist is the plan's list of items and what a release has shown of
// it: the release checklist, the sign-off form and the deployment summary.
//
// It promises that an item is ticked only by evidence: an item that refers to
// others takes the worst of them, an item without evidence is "not shown", and
// the overall status is APPROVED only when all four leads have signed off and
// nothing that is due in a release has failed or was not shown.
//
// Somebody who approves can confirm what only a person sees, and what a check or a rule
// would show where the configuration has none; nothing that an action shows by itself,
// and nothing that happens after the approval was asked for. What does not count is
// an issue that says why.
//
// Where an action knows that a release has nothing that an item could be about, such as
// migrations, the item does not apply, and neither does what only sums up such items. A
// sign-off always does.
//
// Evidence for an item that the plan does not have ticks nothing. It is listed among
// the issues: the record is the last thing that is lost over a typing error.
package checklist
