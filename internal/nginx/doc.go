// Package nginx is the load balancer of package traffic on an nginx that is
// switched by marker files, without a reload: a generated configuration, which
// is installed once, looks at each request which files there are in a state
// folder, and a weight is the existence of a file.
//
// It promises that every write takes effect on the next request; that a process
// that is killed between any two writes leaves the traffic on a split that is
// defined, and that the one that runs next goes on from there; that all the
// traffic can be given back by the creation of one empty file, which waits for
// no lock; and that what a stopped nginx, a rebuilt one or a rebooted host
// starts with is the split that was written last.
//
// It refuses a state folder that does not survive a reboot, a process that has
// been overtaken, weights that the installed configuration does not know, and
// markers that it did not make. A folder that cannot be read is an error, never
// a weight.
//
// nginx must see the state folder and the generated files at the same paths as
// this process does: in a container, mount the folders, not single files.
package nginx
