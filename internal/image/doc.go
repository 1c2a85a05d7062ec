// Package image brings the images of one version into a registry: prepared,
// built, pushed, and read back by a second client that has no part in the push.
//
// It promises that what it returns is a digest that the registry itself named,
// of an image that carries the commit and the version in its labels and is
// within its size limit, and that doing it again for the same commit changes
// nothing. It refuses credentials before anything is built, a tag that would
// move from one commit to another, and three answers about a digest that are
// not one.
package image
