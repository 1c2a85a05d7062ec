package postgres_test

import (
	"context"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/postgres"
)

func TestConnectionsThatCouldNotBeMadeAreCounted(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open("postgres://nobody@127.0.0.1:1/none", postgres.Options{Slot: "green", Program: "backend", Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if n := store.ConnectionFailures(); n != 0 {
		t.Errorf("%v failures before the first connection", n)
	}
	if err := store.Ping(context.Background()); err == nil {
		t.Fatal("a database answered at port 1")
	}
	if n := store.ConnectionFailures(); n < 1 {
		t.Errorf("%v failures, want at least 1", n)
	}
}
