// Package audit writes the record of a release as one page for the archive: the
// verdict, the weights and the gates over time, the figures before and after, the
// whole checklist, and the sign-off form.
//
// It promises a file that needs nothing beside itself: no script, no picture, no
// font from elsewhere, and a policy in the page that forbids them. What came from
// outside, such as a commit's message, stays text and cannot leave its place. The
// same document makes the same bytes.
package audit
