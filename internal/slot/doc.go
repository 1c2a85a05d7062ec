// Package slot runs the containers of one slot: it deploys a release to it,
// starts and quiets its workers, idles it, and says how it is.
//
// It promises that a slot with traffic is never deployed to, that what runs is
// what the record pins, that healthy means healthy and without a restart over a
// settle time, and that doing it again changes nothing. Containers are found by
// the labels of compose, never by name. Workers get a signal and time to finish;
// nothing here kills one before its grace is over. It removes containers of the
// slot's own project only, and never a volume or a network.
package slot
