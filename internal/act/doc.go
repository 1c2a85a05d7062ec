// Package act runs workflow files with act, on this machine and without a network:
// the jobs run on the host, this project's actions come from its own folder, and
// upload-artifact is a stand-in that copies.
//
// What act does not do stays unshown by it: it asks nobody for approval, knows no
// concurrency groups, grants every permission, and cannot run a single job again.
package act
