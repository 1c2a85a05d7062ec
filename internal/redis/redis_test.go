package redis_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const password = "hunter2-hunter2"

// open returns our client and a plain one on the same empty database.
func open(t *testing.T) (*redis.Client, *goredis.Client) {
	url := lab.Redis(t)
	options, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	plain := goredis.NewClient(options)
	t.Cleanup(func() { plain.Close() })
	return dial(t, url), plain
}

func dial(t *testing.T, url string) *redis.Client {
	client, err := redis.Open(release.Secret(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func run(t *testing.T, plain *goredis.Client, command ...any) {
	t.Helper()
	if err := plain.Do(t.Context(), command...).Err(); err != nil {
		t.Fatalf("%v: %v", command, err)
	}
}

func TestTheServerAnswers(t *testing.T) {
	t.Parallel()
	client, _ := open(t)
	if version, err := client.Version(t.Context()); err != nil || !strings.Contains(version, ".") {
		t.Errorf("version %q, %v", version, err)
	}
	if took, err := client.Ping(t.Context()); err != nil || took <= 0 {
		t.Errorf("ping: %v, %v", took, err)
	}
}

func TestTheDepthOfAQueue(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	settings := queue.Settings{Name: "email_queue"}
	if d, err := settings.Look(t.Context(), client); err != nil || !d.Absent || d.Jobs() != 0 {
		t.Fatalf("an empty database: %+v, %v", d, err)
	}
	run(t, plain, "LPUSH", "email_queue", "1", "2", "3")
	run(t, plain, "LPUSH", "email_queue:processing:green:a", "4")
	run(t, plain, "LPUSH", "email_queue:processing:blue:b", "5")
	run(t, plain, "ZADD", "email_queue:retry", 1, "6", 2, "7")
	run(t, plain, "LPUSH", "email_queue:parked", "8")
	run(t, plain, "LPUSH", "email_queue2", "9")
	want := queue.Depth{Waiting: 3, Working: 2, Workers: 2, Delayed: 2, Parked: 1}
	if d, err := settings.Look(t.Context(), client); err != nil || !cmp.Equal(d, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, d))
	}
}

func TestALengthIsOfAQueueOnly(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	run(t, plain, "XADD", "stream", "*", "a", "b")
	run(t, plain, "ZADD", "sorted", 1, "x")
	if got, err := client.Lengths(t.Context(), "stream", "none", "sorted"); err != nil ||
		!slices.Equal(got, []queue.Length{{Jobs: 1, Exists: true}, {}, {Jobs: 1, Exists: true}}) {
		t.Errorf("%v, %v", got, err)
	}
	run(t, plain, "SET", "text", "0")
	run(t, plain, "HSET", "hash", "a", "b")
	for _, key := range []string{"text", "hash"} {
		if got, err := client.Lengths(t.Context(), "stream", key); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
}

func TestAPrefixMatchesNothingButItself(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	for _, key := range []string{"a*:1", "ab:1", "a[b]:1", "a?:1", `a\:1`} {
		run(t, plain, "SET", key, "x")
	}
	for _, prefix := range []string{"a*:", "ab:", "a[b]:", "a?:", `a\:`} {
		if keys, err := client.Keys(t.Context(), prefix); err != nil || !slices.Equal(keys, []string{prefix + "1"}) {
			t.Errorf("%s: %q, %v", prefix, keys, err)
		}
	}
}

func TestManyKeysAreListedOnce(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	const many = 5000
	values := make([]any, 0, 2*many)
	for i := range many {
		values = append(values, "many:"+strings.Repeat("x", i%7)+":"+time.Duration(i).String(), i)
	}
	if err := plain.MSet(t.Context(), values...).Err(); err != nil {
		t.Fatal(err)
	}
	keys, err := client.Keys(t.Context(), "many:")
	if err != nil || len(keys) != many || len(slices.Compact(keys)) != many {
		t.Errorf("%d keys, %v: want %d", len(keys), err, many)
	}
}

func TestURLsThatAreRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://:" + password + "@host", "redis://:" + password + "@host:port", "redis://:" + password + "@host:6379/x",
		"redis://:" + password + "@host:6379/0?unknown=1", "%zz" + password, password} {
		_, err := redis.Open(release.Secret(url))
		if err == nil {
			t.Errorf("%q is taken", url)
			continue
		}
		if strings.Contains(err.Error()+release.HintOf(err), password) || release.ExitStatus(err) != 2 {
			t.Errorf("%q: %v, status %d", url, err, release.ExitStatus(err))
		}
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	address := net.JoinHostPort("127.0.0.1", "1")
	client := dial(t, "redis://me:"+password+"@"+address+"/0")
	for name, call := range map[string]func() error{
		"version": func() error { _, err := client.Version(t.Context()); return err },
		"ping":    func() error { _, err := client.Ping(t.Context()); return err },
		"lengths": func() error { _, err := client.Lengths(t.Context(), "a"); return err },
		"keys":    func() error { _, err := client.Keys(t.Context(), "a"); return err },
		"lease":   func() error { _, err := client.Lease("a").Peek(t.Context()); return err },
	} {
		err := call()
		if release.ExitStatus(err) != 3 || !strings.Contains(err.Error(), address) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v, status %d", name, err, release.ExitStatus(err))
		}
	}
}

func TestAWrongPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	url := lab.Redis(t)
	client := dial(t, strings.Replace(url, "://", "://nobody:"+password+"@", 1))
	_, err := client.Ping(t.Context())
	if err == nil || strings.Contains(err.Error(), password) {
		t.Errorf("%v", err)
	}
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // accepts by its backlog, and never answers
	client := dial(t, "redis://"+listener.Addr().String())
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the shift is over"))
	defer cancel()
	if _, err := client.Ping(ctx); err == nil || !strings.Contains(err.Error(), "the shift is over") {
		t.Errorf("%v", err)
	}
}
