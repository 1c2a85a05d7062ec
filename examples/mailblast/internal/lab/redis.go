package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

type address struct{ text, port string }

// Servers get ports below those that the system gives to outgoing connections, and
// that the tests of Bluegreen give to their servers: one of these could take a port
// before its server has it.
const firstPort, lastPort = 12000, 20999

var given sync.Map // ports, to servers that may not listen yet

func freeAddress() (at address, err error) {
	for range 100 {
		port := strconv.Itoa(firstPort + rand.IntN(lastPort-firstPort+1))
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		at = address{net.JoinHostPort("127.0.0.1", port), port}
		var l net.Listener
		if l, err = net.Listen("tcp", at.text); err == nil {
			return at, l.Close()
		}
	}
	return address{}, err
}

// startServer starts a service that ends with this process, and waits until it
// listens.
func startServer(server *exec.Cmd, log string, stop syscall.Signal, at address) error {
	out, err := os.Create(filepath.Join(folder, log))
	if err != nil {
		return err
	}
	defer out.Close()
	server.Stdout, server.Stderr = out, out
	if err := onLastingThread(server.Start); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = server.Wait(); close(ended) }()
	atEnd(func() {
		_ = server.Process.Signal(stop)
		select {
		case <-ended:
		case <-time.After(Deadline): // its data goes with the folder
			_ = server.Process.Kill()
			<-ended
		}
	})
	for deadline := time.Now().Add(Deadline); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			b, _ := os.ReadFile(out.Name())
			return fmt.Errorf("%s ended: %s", filepath.Base(server.Path), b)
		default:
		}
		if answers(at.text) {
			return nil
		}
	}
	return errors.New("it does not listen")
}

var startRedis = sync.OnceValues(func() (string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", errors.New("redis-server is not installed: apt-get install redis-server")
	}
	at, err := freeAddress()
	if err != nil {
		return "", err
	}
	server := exec.Command(path, "--port", at.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder)
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return "redis://" + at.text + "/0", startServer(server, "redis.log", syscall.SIGTERM, at)
})

// Redis returns the URL of the shared Redis. Tests keep apart by their queues'
// names: every key of MailBlast begins with one.
func Redis(t testing.TB) string {
	t.Helper()
	if u := os.Getenv("BLUEGREEN_LAB_REDIS"); u != "" {
		return u
	}
	u, err := startRedis()
	if err != nil {
		t.Fatal("start Redis: ", err)
	}
	return u
}

// Keys returns a client, and the name of a queue whose keys are removed at the
// end of the test.
func Keys(t testing.TB) (client *redis.Client, name string) {
	t.Helper()
	options, err := redis.ParseURL(Redis(t))
	if err != nil {
		t.Fatal("the address of Redis is not a URL")
	}
	client, name = redis.NewClient(options), Name(t)
	t.Cleanup(func() {
		remove(client, name)
		client.Close()
	})
	return client, name
}

func remove(client *redis.Client, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), Deadline)
	defer cancel()
	each := client.Scan(ctx, 0, name+"*", 1000).Iterator()
	for each.Next(ctx) {
		client.Del(ctx, each.Val())
	}
}
