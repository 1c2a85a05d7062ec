// Package haproxy is the load balancer of package traffic on a HAProxy that is
// moved through its runtime API: a generated configuration, which is loaded once,
// looks at each request into a small map, and a move changes the map.
//
// It promises that every move is one change that HAProxy makes at once, for all
// services together, from the next request on; that a client which was given a
// cookie stays in its slot, and that a rollback moves it all the same; that a
// process which is killed between any two writes leaves the split as it was or
// as it was asked for; that a writer which was overtaken changes nothing, since
// HAProxy itself compares the tokens; and that a reload, a restart or a reboot
// keeps the split, since the map is also a file, which HAProxy starts with.
//
// It refuses a map that it does not understand, a state folder that does not
// survive a reboot, a HAProxy that answers at the address but has another map
// than the one behind the socket, and servers that somebody has taken out by
// hand. It touches no server and no weight of one.
//
// HAProxy must see the state folder at the same path as this process does: in a
// container, mount the folder.
package haproxy
