package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/corpus"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func run(ctx context.Context, folder string) error {
	projects, err := corpus.Open(folder)
	if err != nil {
		return err
	}
	services, err := lab.Up(ctx, os.Stderr, "postgres")
	if err != nil {
		return err
	}
	var all []corpus.Outcome
	var parser pgquery.Parser
	for _, p := range projects {
		outcomes, err := measure(ctx, &parser, services.Postgres, p)
		if err != nil {
			return err
		}
		all = append(all, outcomes...)
		fmt.Fprintf(os.Stderr, "%s: %d files\n", p.Name, len(outcomes))
	}
	return corpus.Report(os.Stdout, all)
}

// measure gives a project a database, and drops it behind.
func measure(ctx context.Context, parser review.Parser, server string, p corpus.Project) (all []corpus.Outcome, err error) {
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx))
	address, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("read the address of PostgreSQL: want a URL")
	}
	name := fmt.Sprintf("corpus_%s_%d", p.Name, os.Getpid())
	address.Path = "/" + name
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+quoted+" TEMPLATE template0"); err != nil {
		return nil, fmt.Errorf("create database %s: %w", name, err)
	}
	defer func() {
		_, dropped := admin.Exec(context.WithoutCancel(ctx), "DROP DATABASE "+quoted+" WITH (FORCE)")
		err = errors.Join(err, dropped)
	}()
	return corpus.Measure(ctx, parser, address.String(), p)
}
