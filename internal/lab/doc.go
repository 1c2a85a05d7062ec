// Package lab starts the real services that the tests and the demo need:
// PostgreSQL, Redis, a registry, the Docker engine, nginx, HAProxy, Prometheus and
// OpenSSH.
//
// It promises that every process on the machine shares one PostgreSQL, one
// Redis and one registry, each test with a database or name of its own in it;
// that a service which died is started again; that nothing is stopped which a Run
// still needs, or who has called Keep; and that Down stops exactly what was started
// here, never another process that got the same id. Everything
// listens on the loopback interface. State is in one folder: see Home.
//
// It refuses to skip: what is missing is installed (as root on Debian and
// Ubuntu), or the test fails and says which command installs it. It starts
// nothing that a package would start by itself. Its services keep nothing: they
// do not sync, and their data is removed with them.
//
// With BLUEGREEN_LAB_POSTGRES and BLUEGREEN_LAB_REDIS, both URLs, tests use
// servers that run already.
package lab
