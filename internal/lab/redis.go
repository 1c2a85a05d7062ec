package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

func prepareRedis(_ context.Context, one started) (process.Command, error) {
	_, port, _ := net.SplitHostPort(one.Address)
	return process.Command{Path: find("redis-server"), Dir: one.Dir, Args: []string{
		"--bind", "127.0.0.1", "--port", port, "--databases", "512",
		"--save", "", "--appendonly", "no", "--dir", one.Dir,
	}}, nil
}

func redisURL(one started) string { return "redis://" + one.Address + "/0" }

// redisReady asks by itself: the client would try again and log it.
func redisReady(ctx context.Context, one started) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", one.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer := make([]byte, len("+PONG"))
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // of an open connection
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "+PONG" {
		return fmt.Errorf("PING: %q: %w", answer, cmp.Or(err, errors.New("want +PONG")))
	}
	return nil
}

func dialRedis(url string, database int) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("BLUEGREEN_LAB_REDIS: %w", err)
	}
	options.DB, options.MaxRetries = database, -1
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = startPatience, startPatience, startPatience
	return redis.NewClient(options), nil
}

// claimLife is when the claim on a logical database of a killed test ends. No
// test runs for so long.
const claimLife = 2 * time.Hour

// claimDatabase takes a free logical database, writes the claim into database
// 0, and empties what it took.
func claimDatabase(ctx context.Context, url string) (number int, release func() error, err error) {
	index, err := dialRedis(url, 0)
	if err != nil {
		return 0, nil, err
	}
	defer index.Close()
	settings, err := index.ConfigGet(ctx, "databases").Result()
	if err != nil {
		return 0, nil, err
	}
	count, _ := strconv.Atoi(settings["databases"])
	owner := fmt.Sprintf("process %d %s", os.Getpid(), random(8))
	for _, i := range rand.Perm(max(0, count-1)) {
		mine, err := index.SetNX(ctx, claimKey(i+1), owner, claimLife).Result()
		if err != nil {
			return 0, nil, err
		}
		if mine {
			release := func() error { return releaseDatabase(url, i+1, owner) }
			return i + 1, release, flush(ctx, url, i+1)
		}
	}
	return 0, nil, fmt.Errorf("claim a Redis database: all %d are taken", count)
}

func claimKey(number int) string { return "lab:database:" + strconv.Itoa(number) }

// ours deletes a claim unless it is somebody else's by now.
var ours = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

func releaseDatabase(url string, number int, owner string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	index, err := dialRedis(url, 0)
	if err != nil {
		return err
	}
	defer index.Close()
	return errors.Join(flush(ctx, url, number), ours.Run(ctx, index, []string{claimKey(number)}, owner).Err())
}

func flush(ctx context.Context, url string, number int) error {
	client, err := dialRedis(url, number)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.FlushDB(ctx).Err()
}

// numbered names another logical database in the URL of a server.
func numbered(server string, number int) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + strconv.Itoa(number)
	return u.String()
}
