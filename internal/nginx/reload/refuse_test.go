package reload_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// include is the file as it is on the disk.
func (b *bench) include(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(b.settings.Include)
	must(t, err)
	return string(text)
}

// held is a port that another process listens on.
func held(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// What nginx refuses: in its test, or in silence, when its test has passed and
// the signal was sent.
var refusals = []struct {
	name   string
	silent bool
	spoil  func(t *testing.T) string
	want   string
}{
	{"a syntax error", false, func(*testing.T) string { return foreign + "rubbish;\n" }, `unknown directive "rubbish" in`},
	{"a name that does not resolve", false, func(*testing.T) string { return foreign + "upstream other { server nosuch.invalid:80; }\n" }, "host not found in upstream"},
	{"another key of a zone that exists", true, func(*testing.T) string { return strings.Replace(foreign, "$binary_remote_addr", "$http_x_key", 1) }, `while previously it used the "$binary_remote_addr" key`},
	{"a port that another process holds", true, func(t *testing.T) string { return foreign + "server { listen " + held(t) + "; }\n" }, "Address already in use"},
}

func TestWhatNginxRefusesLeavesEverythingAsItWas(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			r := b.open(t)
			must(t, r.Set(t.Context(), release.Green, 10, 1))
			before := b.include(t)
			b.write(t, c.spoil(t))
			test := process.Run(t.Context(), process.Command{Path: "nginx", Args: []string{"-t", "-c", b.settings.Config}})
			equal(t, "nginx -t passes", test == nil, c.silent)
			err := r.Set(t.Context(), release.Green, 50, 1)
			says(t, "the move", err, "set green to 50%", c.want, "as it was")
			equal(t, "exit", release.ExitStatus(err), 1)
			if release.HintOf(err) == "" {
				t.Errorf("%v: no hint", err)
			}
			equal(t, "the include is as it was", b.include(t), before)
			splits(t, b.open(t), release.Split(release.Green, 10))
			b.write(t, foreign)
			eventually(t, func() error { return r.Set(t.Context(), release.Green, 50, 1) }) // nginx tries a port for seconds, and is deaf meanwhile
			splits(t, r, release.Split(release.Green, 50))
		})
	}
}

// A rollback cannot make nginx read what it refuses. It says so, and whoever
// mends that brings the traffic back by it.
func TestARollbackThatNginxRefusesStaysWritten(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			r := b.open(t)
			must(t, r.Set(t.Context(), release.Green, 100, 1))
			b.write(t, c.spoil(t))
			err := r.Restore(t.Context(), release.Blue)
			says(t, "the rollback", err, "restore blue", c.want)
			equal(t, "exit", release.ExitStatus(err), 3)
			if hint := release.HintOf(err); !strings.Contains(hint, "kill -HUP") || !strings.Contains(hint, "not of this release") {
				t.Errorf("hint: %s", hint)
			}
			equal(t, "what nginx still runs", weights(t, r), release.Split(release.Green, 100))
			b.write(t, foreign)
			must(t, b.server.Reload())
			soon(t, r, release.Split(release.Blue, 100))
			must(t, r.Restore(t.Context(), release.Blue))
			splits(t, r, release.Split(release.Blue, 100))
		})
	}
}

// A signal that nginx takes when the move has given up finds the include that the
// move has put back, however late it is.
func TestASignalThatIsTakenLateChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 10, 1))
	before, awake := b.include(t), filepath.Join(disk(t), "awake")
	b.settings.Reload = []string{"sh", "-c", `test ! -e "$1" || kill -HUP "$(cat "$2")"`, "sh", awake, b.settings.Pid}
	b.settings.Timeout = 200 * time.Millisecond
	r, puts := b.open(t), 0
	r.Before(func(op, name string) error {
		if op != "rename" || name != filepath.Base(b.settings.Include) {
			return nil
		}
		if puts++; puts == 3 { // after the new one, and the one that was to bring the old split back
			must(t, os.WriteFile(awake, nil, 0o644))
			must(t, b.server.Reload())
			b.runs(t, b.include(t))
			b.alone(t)
		}
		return nil
	})
	says(t, "the move", r.Set(t.Context(), release.Green, 50, 1), "has not taken the change", "as it was")
	equal(t, "the include is as it was", b.include(t), before)
	soon(t, b.open(t), release.Split(release.Green, 10))
}

// runs waits until nginx says that it runs an include.
func (b *bench) runs(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() error {
		generation, _, _ := strings.Cut(fetch(t, "http://"+string(b.settings.Listen)+"/bluegreen"), " ")
		if !strings.Contains(text, " "+generation+" ") {
			return fmt.Errorf("nginx runs %s", generation)
		}
		return nil
	})
}

// soon waits for a reload that somebody else has asked for.
func soon(t *testing.T, r *reload.Router, want release.Weights) {
	t.Helper()
	eventually(t, func() error {
		got, err := r.Weights(t.Context())
		if err == nil && got != want {
			err = fmt.Errorf("got %v, want %v", got, want)
		}
		return err
	})
}

func TestAnIncludeThatSomebodyChangedIsNoWeight(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	must(t, r.Set(t.Context(), release.Green, 10, 1))
	ours := b.include(t)
	edited := strings.Replace(ours, "weight=9", "weight=8", 1)
	other := open(t, b.settings)
	for name, text := range map[string]string{
		"a weight by hand":    edited,
		"cut short":           ours[:len(ours)/2],
		"empty":               "",
		"somebody else's":     "upstream web { server 127.0.0.1:1; }\n",
		"another header":      strings.Replace(ours, "green=10", "green=20", 1),
		"a generation of old": reload.Text(b.settings, release.Split(release.Green, 10), false),
	} {
		must(t, os.WriteFile(b.settings.Include, []byte(text), 0o644))
		_, err := other.Weights(t.Context())
		equal(t, name+": exit", release.ExitStatus(err), 3)
		says(t, name, err, b.settings.Include)
		if release.HintOf(err) == "" {
			t.Errorf("%s: %v: no hint", name, err)
		}
		says(t, name+": set", r.Set(t.Context(), release.Green, 50, 1), b.settings.Include)
		says(t, name+": try", r.Try(t.Context()), b.settings.Include)
		equal(t, name+": it is left alone", b.include(t), text)
	}
	must(t, os.WriteFile(b.settings.Include, []byte(edited), 0o644))
	_, err := r.Install(t.Context(), release.Green)
	says(t, "install", err, "somebody has changed the file")

	must(t, r.Restore(t.Context(), release.Blue))
	splits(t, r, release.Split(release.Blue, 100))
	kept, err := os.ReadFile(strings.TrimSuffix(b.settings.Include, ".conf") + ".foreign")
	must(t, err)
	equal(t, "what the rollback has replaced", string(kept), edited)

	must(t, os.Remove(b.settings.Include))
	_, err = r.Weights(t.Context())
	says(t, "gone", err, "no such file")
	must(t, r.Restore(t.Context(), release.Green))
	splits(t, r, release.Split(release.Green, 100))
}

func TestAForeignReloadIsSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	must(t, r.Set(t.Context(), release.Green, 10, 1))
	before := b.include(t)
	must(t, r.Set(t.Context(), release.Green, 50, 1))
	must(t, os.WriteFile(b.settings.Include, []byte(before), 0o644)) // such as a restored backup
	_, err := r.Weights(t.Context())
	says(t, "before it is reloaded", err, "nginx runs", "green 50%", "green 10%")
	must(t, b.server.Reload())
	soon(t, r, release.Split(release.Green, 10))
}

func TestAnNginxThatIsNotThereIsNoWeight(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	must(t, b.server.Stop())
	_, err := r.Weights(t.Context())
	says(t, "weights", err, "ask nginx")
	_, err = r.Observe(t.Context(), 10)
	says(t, "observe", err, "count requests")
	says(t, "set", r.Set(t.Context(), release.Green, 10, 1), "ask nginx")
	says(t, "try", r.Try(t.Context()), "ask nginx")
	must(t, b.server.Restart(t.Context()))
	must(t, r.Set(t.Context(), release.Green, 100, 1))
	must(t, b.server.Stop())
	err = r.Restore(t.Context(), release.Blue)
	says(t, "restore", err, "restore blue")
	must(t, b.server.Restart(t.Context()))
	splits(t, r, release.Split(release.Blue, 100))
}

func TestAReloadCommandThatDoesNothingIsFoundOut(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.settings.Reload, b.settings.Timeout = []string{"true"}, 1500*time.Millisecond
	err := b.open(t).Set(t.Context(), release.Green, 10, 1)
	says(t, "set", err, "nginx has not taken the change within 1.5s", "its error log has no reason")
	equal(t, "exit", release.ExitStatus(err), 3)
	splits(t, b.open(t), release.Split(release.Blue, 100))
	b.settings.Reload = []string{"false"}
	says(t, "set", b.open(t).Set(t.Context(), release.Green, 10, 1), "run false: exit status 1")
	splits(t, b.open(t), release.Split(release.Blue, 100))
	b.settings.Reload, b.settings.Timeout = []string{"nginx", "-c", b.settings.Config, "-s", "reload"}, longest
	must(t, b.open(t).Set(t.Context(), release.Green, 10, 1))
	splits(t, b.open(t), release.Split(release.Green, 10))
}

// atSignal lets something happen when nginx is about to be told. Its error is as good
// as a kill.
func atSignal(r *reload.Router, do func() error) {
	r.Before(func(op, _ string) error {
		if op != "signal" {
			return nil
		}
		return do()
	})
}

// Each time the second reload comes while nginx is at the first, whose workers are
// in nobody's notes.
func TestAMoveThatIsToldToEndPutsThingsBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for range 5 {
		r := b.open(t)
		ctx, cancel := context.WithCancel(t.Context())
		atSignal(r, func() error { cancel(); return nil })
		says(t, "set", r.Set(ctx, release.Green, 10, 1), "context canceled", "as it was")
		splits(t, r, release.Split(release.Blue, 100))
	}
}

// What a move that was undone has left running is known to the next process, also
// when the one in between was killed.
func TestARollbackThatIsKilledBehindAnUndoneMoveIsReadable(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	atSignal(r, func() error { cancel(); return nil })
	says(t, "set", r.Set(ctx, release.Green, 10, 1), "as it was")
	mortal := b.open(t)
	atSignal(mortal, func() error { return errKilled })
	says(t, "restore", mortal.Restore(t.Context(), release.Green), "killed")
	equal(t, "weights", weights(t, b.open(t)), release.Split(release.Blue, 100))
	must(t, b.open(t).Restore(t.Context(), release.Green))
	splits(t, b.open(t), release.Split(release.Green, 100))
}

// One answer of the good slot is no proof while the workers of both sides answer.
func TestARollbackThatSomebodyElseHasBegunIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for token := range traffic.Token(5) {
		r := b.open(t)
		must(t, r.Set(t.Context(), release.Green, 100, token+1))
		cmd := exec.CommandContext(t.Context(), "sh", "-c", r.BreakGlass(release.Blue))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		soon(t, r, release.Split(release.Blue, 100))
		must(t, r.Restore(t.Context(), release.Blue))
		splits(t, r, release.Split(release.Blue, 100))
	}
}

// The note of a rollback is for the moves that it has overtaken, and for no other.
func TestAnOldNoteOfARollbackIsNotHeeded(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 10, 1))
	note := filepath.Join(b.settings.State, "back")
	must(t, os.WriteFile(note, []byte(reload.Text(b.settings, release.Split(release.Green, 100), false)), 0o644))
	r := b.open(t)
	atSignal(r, func() error { return os.WriteFile(filepath.Join(b.settings.State, "closed"), []byte("1"), 0o644) })
	says(t, "the move", r.Set(t.Context(), release.Green, 50, 1), "stale", "as it was")
	splits(t, b.open(t), release.Split(release.Green, 10))

	must(t, b.open(t).Set(t.Context(), release.Green, 100, 2))
	must(t, b.open(t).Settle(t.Context(), release.Green))
	if _, err := os.Stat(note); err == nil {
		t.Error("the note of an earlier release is still there after its end")
	}
}

func TestARollbackNeedsNoRoomOnTheDisk(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
	full := b.open(t)
	full.Before(func(op, name string) error {
		if op == "write" {
			return fmt.Errorf("write %s: no space left on device", name)
		}
		return nil
	})
	says(t, "a move", full.Set(t.Context(), release.Green, 50, 1), "no space left")
	must(t, full.Restore(t.Context(), release.Blue))
	splits(t, b.open(t), release.Split(release.Blue, 100))
}

func TestATryFindsWhatWouldKeepAReloadFromWorking(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Try(t.Context()))
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *reload.Settings)
		want   string
	}{
		{"a pid file that is not there", func(_ *testing.T, s *reload.Settings) { s.Pid = "/no/such.pid" }, "no such file"},
		{"a pid file of rubbish", func(t *testing.T, s *reload.Settings) { s.Pid = text(t, "nginx") }, `"nginx" is no process id`},
		{"a pid file of a process that is gone", func(t *testing.T, s *reload.Settings) { s.Pid = text(t, "4194303") }, "process 4194303 is not there"},
		{"a pid file of another program", func(t *testing.T, s *reload.Settings) { s.Pid = text(t, fmt.Sprint(os.Getpid())) }, "want nginx's master"},
		{"a test that cannot be run", func(_ *testing.T, s *reload.Settings) { s.Test = []string{"no-such-nginx"} }, "executable file not found"},
		{"other addresses", func(_ *testing.T, s *reload.Settings) { s.Keepalive = 4 }, "was made with other settings"},
		{"another state folder", func(t *testing.T, s *reload.Settings) { s.State = filepath.Join(disk(t), "state") }, "state folder"},
		{"a folder in memory", func(_ *testing.T, s *reload.Settings) { s.State = "/dev/shm" }, "in memory"},
	} {
		s := b.settings
		c.change(t, &s)
		err := open(t, s).Try(t.Context())
		says(t, c.name, err, c.want)
		if release.HintOf(err) == "" {
			t.Errorf("%s: %v: no hint", c.name, err)
		}
	}
	b.write(t, foreign+"rubbish;\n")
	says(t, "a configuration that is broken already", b.open(t).Try(t.Context()), "nginx could not be reloaded now", "rubbish")
	b.write(t, foreign)
	r := b.open(t)
	atSignal(r, func() error { return errKilled })
	_ = r.Restore(t.Context(), release.Green)
	says(t, "a change that was killed", b.open(t).Try(t.Context()), "nginx runs blue 100% green 0%", "has blue 0% green 100%")
}

// text is a file with that text.
func text(t *testing.T, s string) string {
	t.Helper()
	file := filepath.Join(disk(t), "file")
	must(t, os.WriteFile(file, []byte(s+"\n"), 0o644))
	return file
}
