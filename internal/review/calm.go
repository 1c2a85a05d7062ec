package review

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed calm.txt
var calmText string

// calm are the functions of PostgreSQL and of the extensions that come with it of
// which every one of that name is declared immutable or stable. Those that run SQL
// which they are given are left out.
var calm = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(calmText) {
		all[name] = true
	}
	return all
}()

// Calm tells whether a function is known to change nothing, and to give the same
// value to every row of a statement.
func Calm(function string) bool { return calm[function] }

// tame are the volatile functions of PostgreSQL and its extensions that a migration
// may call: what they change is their caller's, or a sequence's; and those that a rule
// of their own is about.
var tame = strings.Fields(`
	pg_terminate_backend pg_cancel_backend
	random random_normal setseed gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday nextval currval lastval setval set_config
	pg_sleep pg_sleep_for pg_sleep_until pg_notify array_sample array_shuffle
	pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all pg_advisory_xact_lock pg_advisory_xact_lock_shared
	pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
	pg_table_size pg_indexes_size pg_relation_size pg_total_relation_size pg_database_size pg_tablespace_size
	pg_is_in_recovery pg_blocking_pids pg_current_wal_lsn pg_current_wal_insert_lsn pg_sequence_last_value pg_partition_tree pg_partition_ancestors pg_xact_status txid_status
	uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_salt gen_random_bytes pgp_sym_encrypt pgp_pub_encrypt`)

// builtin tells whether a function is one of those that are known to harm nobody.
func builtin(function string) bool { return Calm(function) || slices.Contains(tame, function) }
