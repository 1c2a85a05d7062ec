// Package lab gives tests real services: PostgreSQL, Redis, an SMTP server, and
// MailBlast's own programs as processes.
//
// It promises that a test gets a database and a queue of its own, and that
// everything started ends with the test binary, even when that is killed. It
// refuses to skip: a service that cannot be started fails the test. The
// servers named by BLUEGREEN_LAB_POSTGRES (a superuser's URL) and
// BLUEGREEN_LAB_REDIS are used where they are set; otherwise the binaries
// installed on this machine are started in a temporary folder.
package lab

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Deadline is how long a test waits for a condition. It is generous: no test
// may fail because the machine is slow.
const Deadline = 5 * time.Minute

var (
	folder  string     // of this test binary
	cleanup []func()   // in the order of creation
	mu      sync.Mutex // of cleanup
)

// Run runs the tests of a package and ends what they started. Call it from
// TestMain.
func Run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "mailblast-lab-"); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	// The database server runs as another user and must get at its data.
	if err := os.Chmod(folder, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		return 1
	}
	defer end()
	return m.Run()
}

func end() {
	mu.Lock()
	defer mu.Unlock()
	for i := len(cleanup) - 1; i >= 0; i-- {
		cleanup[i]()
	}
}

func atEnd(do func()) {
	mu.Lock()
	defer mu.Unlock()
	cleanup = append(cleanup, do)
}

// starts runs functions on one thread that lives as long as the process: a
// child with Pdeathsig dies with the thread that started it.
var starts = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for do := range work {
			do()
		}
	}()
	return work
})

func onLastingThread(do func() error) (err error) {
	done := make(chan struct{})
	starts() <- func() { err = do(); close(done) }
	<-done
	return err
}

// Eventually waits until the condition holds.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(Deadline); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited %s in vain: %s", Deadline, what)
}

// Address returns a free loopback address.
func Address(t testing.TB) string {
	t.Helper()
	at, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return at.text
}

var names atomic.Int64

// Name returns a name that no other test uses, fit for keys and databases.
func Name(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("lab_%d_%d_%s", os.Getpid(), names.Add(1), strings.ToLower(time.Now().Format("150405")))
}

func answers(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}
