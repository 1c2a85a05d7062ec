// Package ssh is another host, reached through SSH: the state folder on it, and
// the addresses that can be reached from it.
//
// It promises one connection, which is opened by the first use, is kept alive,
// and is opened once more when it broke; that an operation which was cut off has
// been done as a whole or not at all; and that what is done under a lock is done
// on the connection that holds it, or not at all. The lock ends with the
// connection.
//
// It refuses a host whose key is not known, and asks nobody for a password. It
// needs a Linux host with a POSIX shell, flock and SFTP, as OpenSSH has it, and
// no more rights there than to write to the folder.
package ssh
