package postgres

import (
	"context"
	"regexp"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Shape is the schema as pg_dump writes it, which knows every kind of object.
func (s *scratch) Shape(ctx context.Context) (migration.Shape, error) {
	t, err := s.stage.live.programs(ctx, s.origin.server)
	if err != nil {
		return nil, err
	}
	env, err := s.env()
	if err != nil {
		return nil, err
	}
	parts, err := s.db.shape(ctx, t, env, s.session.schema, "--exclude-schema="+tracing, "--dbname="+s.name)
	if err != nil {
		return nil, s.gone(err)
	}
	return parts, nil
}

// shape leaves out the tables of golang-migrate and of this tool, which are in a schema.
func (d *Database) shape(ctx context.Context, t tools, env []string, schema string, more ...string) (migration.Shape, error) {
	args := append([]string{"--schema-only", "--no-password"}, more...)
	for _, table := range d.ours() {
		args = append(args, `--exclude-table="`+schema+`"."`+table+`"`)
	}
	out, err := process.Output(ctx, process.Command{Path: t.path("pg_dump"), Args: args, Env: append(env, "PGTZ=UTC")}) // else a default writes the time of the session
	if err != nil {
		return nil, err
	}
	return shape(string(out)), nil
}

// heading is what pg_dump writes before each object, and method what it writes before
// that where the access method is another one than that of the tables before.
var (
	heading = regexp.MustCompile(`(?m)^--\n-- Name: (.*); Type: (.*); Schema: (.*); Owner: ([^;\n]*)(; Tablespace: .*)?\n--\n`)
	method  = regexp.MustCompile(`(?m)^SET default_table_access_method = .*;$`)
)

// passing are lines that stand where they are needed first, or that are random.
var passing = regexp.MustCompile(`(?m)^(SET default_tablespace = .*;|SET default_table_access_method = .*;|\\(un)?restrict .*|-- PostgreSQL database dump complete)$`)

// shape cuts what pg_dump has written into its objects.
func shape(dump string) migration.Shape {
	parts := migration.Shape{}
	found := heading.FindAllStringSubmatchIndex(dump, -1)
	for i, at := range found {
		end := len(dump)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		name := strings.ToLower(dump[at[4]:at[5]]) + " " + dump[at[2]:at[3]]
		if schema := dump[at[6]:at[7]]; schema != "-" && schema != "public" {
			name += " in schema " + schema
		}
		parts[name] += clean(dump[at[1]:end])
		if at[10] >= 0 {
			parts[name] += dump[at[10]:at[11]] + "\n"
		}
		if kind := dump[at[4]:at[5]]; kind == "TABLE" || kind == "MATERIALIZED VIEW" {
			parts[name] += last(method.FindAllString(dump[:at[0]], -1)) + "\n"
		}
	}
	return parts
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// clean leaves out what says nothing about the object.
func clean(text string) string {
	var kept strings.Builder
	for l := range strings.Lines(passing.ReplaceAllString(text, "")) {
		if l = strings.TrimRight(l, " \n"); l != "" && l != "--" {
			kept.WriteString(l + "\n")
		}
	}
	return kept.String()
}
