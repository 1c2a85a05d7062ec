package postgres

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// lockWait bounds how long pg_dump waits for a table that is locked exclusively.
const lockWait = time.Minute

// Dump writes a backup in pg_dump's custom format, compressed, which has a
// checksum for what it compresses. It holds a transaction open meanwhile, whose
// snapshot the backup is of.
func (d *Database) Dump(ctx context.Context, w io.Writer) (migration.Dumped, error) {
	conn, err := d.connect(ctx, "bluegreen backup", parameters{"idle_in_transaction_session_timeout": "0", "statement_timeout": milliseconds(lockWait)})
	if err != nil {
		return migration.Dumped{}, err
	}
	defer shut(ctx, conn)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return migration.Dumped{}, fmt.Errorf("take snapshot: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	dumped, snapshot, err := d.snapshot(ctx, tx)
	if err != nil {
		return dumped, fmt.Errorf("take snapshot: %w", err)
	}
	t, err := d.programs(ctx, dumped.Server)
	if err != nil {
		return dumped, err
	}
	dumped.Tool = t.version
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return process.Run(ctx, d.dump(t, snapshot, w)) })
	work.Go(func() (err error) {
		dumped.Rows, err = d.count(ctx, snapshot, dumped.Tables)
		return err
	})
	return dumped, work.Wait()
}

func (d *Database) dump(t tools, snapshot string, w io.Writer) process.Command {
	return process.Command{
		Path: t.path("pg_dump"),
		Args: []string{"--format=custom", "--compress=6", "--no-password", "--snapshot=" + snapshot,
			fmt.Sprintf("--lock-wait-timeout=%d", lockWait.Milliseconds())},
		Env:    d.at.env,
		Stdout: w,
	}
}

// tablesOf lists what pg_dump writes rows or a definition of: not what belongs to
// an extension, which is restored with it.
const tablesOf = `
	SELECT c.oid, c.oid::regclass::text, c.relkind = 'r', c.relpages FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
	AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
	AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
	ORDER BY 2`

func (d *Database) snapshot(ctx context.Context, tx pgx.Tx) (migration.Dumped, string, error) {
	var of migration.Dumped
	var snapshot, schema string
	err := tx.QueryRow(ctx, `SELECT pg_export_snapshot(), coalesce(current_schema(), ''), split_part(current_setting('server_version'), ' ', 1), clock_timestamp()`).
		Scan(&snapshot, &schema, &of.Server, &of.At)
	if err != nil {
		return of, "", err
	}
	if of.Schema, _, err = d.version(ctx, tx, schema); err != nil {
		return of, "", err
	}
	rows, err := tx.Query(ctx, tablesOf)
	if err != nil {
		return of, "", err
	}
	of.Tables, err = pgx.CollectRows(rows, pgx.RowToStructByPos[migration.Table])
	return of, snapshot, err
}

// Contents reads a backup to its end with pg_restore, which decompresses every
// row, and then its table of contents, which alone would prove nothing.
func (d *Database) Contents(ctx context.Context, path string) (migration.Contents, error) {
	server, err := d.State(ctx)
	if err != nil {
		return migration.Contents{}, err
	}
	t, err := d.programs(ctx, server.Server)
	if err != nil {
		return migration.Contents{}, err
	}
	return t.contents(ctx, path)
}

func (t tools) contents(ctx context.Context, path string) (migration.Contents, error) {
	decode := process.Command{Path: t.path("pg_restore"), Args: []string{"--file=" + os.DevNull, path}}
	if err := process.Run(ctx, decode); err != nil {
		return migration.Contents{}, fmt.Errorf("decode: %w", err)
	}
	list, err := process.Output(ctx, process.Command{Path: t.path("pg_restore"), Args: []string{"--list", path}})
	if err != nil {
		return migration.Contents{}, fmt.Errorf("list: %w", err)
	}
	return contents(string(list)), nil
}

// contents reads lines such as
//
//	215; 1259 16386 TABLE public users postgres
//	3345; 0 16386 TABLE DATA public users postgres
//
// by the OID, since names may have spaces.
func contents(list string) migration.Contents {
	c := migration.Contents{Defined: map[uint32]bool{}, Filled: map[uint32]bool{}}
	lines := bufio.NewScanner(strings.NewReader(list))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || !strings.HasSuffix(fields[0], ";") {
			continue
		}
		oid, err := strconv.ParseUint(fields[2], 10, 32)
		what := strings.Join(fields[3:5], " ")
		switch {
		case err != nil, what == "TABLE ATTACH":
		case what == "TABLE DATA":
			c.Filled[uint32(oid)] = true
		case fields[3] == "TABLE", what == "FOREIGN TABLE", what == "MATERIALIZED VIEW" && !slices.Contains(fields[5:], "DATA"):
			c.Defined[uint32(oid)] = true
		}
	}
	return c
}
