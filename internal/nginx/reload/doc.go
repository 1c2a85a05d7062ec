// Package reload is the load balancer of package traffic on an nginx whose
// configuration belongs to somebody else: one file of ours is included, which
// has the upstreams with their weights, and each move of the traffic rewrites it
// and reloads nginx.
//
// It promises that a move has returned only when nginx runs the new file and no
// worker of the old one takes connections any more; that a reload which nginx
// refuses, also one that it refuses in silence, ends with the file as it was and
// with nginx's own words; that a process which is killed between any two effects
// leaves a state that the next one goes on from; and that the way back waits for
// no lock, needs no test, and stays written where nginx refuses to read it.
//
// It refuses a file that somebody has edited, an nginx that runs another file
// than the one on the disk, names in place of addresses, and a process that has
// been overtaken.
//
// It cannot promise that nothing is lost. A reload closes the connections that
// clients keep open, and a request that crosses the close is cut: about one per
// reload at a thousand POST requests a second, which no client may repeat by
// itself. Settings.CloseConnections avoids it from the second reload of a release
// on; package nginx, which never reloads, has none of this.
package reload
