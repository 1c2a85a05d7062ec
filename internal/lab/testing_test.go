package lab_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

func databases(t *testing.T) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), lab.PostgresServer(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT datname FROM pg_database")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	var mine string
	t.Run("while it runs", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), lab.Postgres(t)) // left open: the drop does not mind
		if err != nil {
			t.Fatal(err)
		}
		other, err := pgx.Connect(t.Context(), lab.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "CREATE TABLE orders (id int)"); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec(t.Context(), "SELECT * FROM orders"); err == nil {
			t.Error("another database has the table too")
		}
		mine = conn.Config().Database
		if !slices.Contains(databases(t), mine) {
			t.Errorf("%s is not there", mine)
		}
	})
	if slices.Contains(databases(t), mine) {
		t.Errorf("%s was not dropped", mine)
	}
}

func TestEveryTestHasALogicalDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	dial := func(url string) *redis.Client {
		options, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		t.Cleanup(func() { client.Close() })
		return client
	}
	first, second := dial(lab.Redis(t)), dial(lab.Redis(t))
	if first.Options().DB == second.Options().DB || first.Options().DB == 0 {
		t.Fatalf("got databases %d and %d", first.Options().DB, second.Options().DB)
	}
	if err := first.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := second.DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("the other has %d keys, %v", n, err)
	}
	var third *redis.Client
	t.Run("and it is emptied", func(t *testing.T) {
		third = dial(lab.Redis(t))
		third.Set(t.Context(), "key", "value", 0)
	})
	if n, err := third.DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("%d keys were left behind, %v", n, err)
	}
}

func TestNamesAreUniqueAndFit(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z][a-z0-9-]{0,35}[a-z0-9]$`)
	t.Run("Größe, /slashes/ and other things in a very long name", func(t *testing.T) {
		if a, b := lab.Name(t), lab.Name(t); a == b || !form.MatchString(a) {
			t.Errorf("got %q and %q", a, b)
		}
	})
}

func TestPortsAreNotGivenTwice(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 5 {
		for _, port := range lab.Ports(t, 20) {
			if seen[port] {
				t.Errorf("port %d was given twice", port)
			}
			seen[port] = true
		}
	}
}

func TestDockerAnswersWhereItSays(t *testing.T) {
	t.Parallel()
	if host := lab.Docker(t); !strings.Contains(host, "://") {
		t.Errorf("got %q", host)
	}
}
