// Package workflow knows how our workflow files name our own actions.
//
// The files say `uses: $/actions/shift`, which GitHub resolves to the repository
// and the commit of the file itself, so that nothing has to be pinned by hand.
// Their concurrency groups say `queue: max`, so that a job that waits is not cancelled
// by a newer one. Tools that know neither yet, such as act and actionlint, get a copy
// from Rewrite, and GitHub Enterprise Server one from ForServer. The tests of this
// package hold the files to the rules of the house: the order of the jobs, their
// conditions and permissions, pinned actions, no expression in a script, and no input
// that an action does not have.
package workflow
