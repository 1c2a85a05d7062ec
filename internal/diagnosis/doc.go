// Package diagnosis collects what everything says of itself after something went
// wrong, as a bundle of files with an index.
//
// It promises that every look has its own deadline and that all are at once, so
// that nothing that is down hides what is up; that a look which fails half way
// keeps what it saw; that the bundle has a bounded size; and that addresses of
// mail are not in it. It refuses to show the text of a job: of a job it keeps the
// form, and the values that name its kind.
package diagnosis
