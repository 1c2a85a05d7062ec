// Package pgquery reads SQL by PostgreSQL's own grammar: libpg_query, the parser of
// PostgreSQL 17 compiled to WebAssembly, in an interpreter. It needs neither cgo nor
// a server, so the program stays one static file, built the same on every machine.
//
// The choice was measured, on 2 cores, with the same module (BenchmarkStart and
// BenchmarkFiles repeat ours):
//
//	                                  start      then         first build  needs
//	pg_query_go v6, cgo               20-60 ms   8 MB/s       + 253 s      a C compiler, glibc
//	go-pgquery, wazero's compiler     1.2-1.5 s  2-8 MB/s     + 8 s        270 MB of memory
//	  the same, two compiling workers 0.9-2 s    2-8 MB/s     + 8 s        330 MB
//	  the same, compiled code cached  0.2-0.3 s  2-8 MB/s     + 8 s        a folder that outlives the job
//	wazero's interpreter, this one    0.1-0.2 s  0.1-0.2 MB/s + 8 s        70-100 MB
//
// A release has a few files of a few kilobytes, so the start decides. Ports of the
// grammar to Go (pgplex/pgparser, multigres, bytebase/omni, gosuda/pg18_query_go)
// are not on the module proxy, and wasm2go cannot translate the module's atomic
// instructions.
package pgquery
