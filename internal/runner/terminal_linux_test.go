package runner_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// terminal is a pseudo-terminal of a width: what is written to the one file is
// read from the other.
func terminal(t *testing.T, width uint16) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: 24}); err != nil {
		t.Fatal(err)
	}
	return screen, program
}

func verdict() *summary.Page {
	p := new(summary.Page)
	p.Verdict(summary.Good, "all is well with hunter2")
	return p
}

func TestColoursAreForTerminals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		variables []string
		coloured  bool
	}{
		"a terminal":                     {nil, true},
		"a terminal, and no colours":     {[]string{"NO_COLOR", "1"}, false},
		"a terminal that knows no codes": {[]string{"TERM", "dumb"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			screen, program := terminal(t, 80)
			r := runner.New(variables(tt.variables...), program)
			r.Mask("hunter2")
			if err := r.Show(verdict()); err != nil {
				t.Fatal(err)
			}
			got, err := bufio.NewReader(screen).ReadString('\n')
			if err != nil || strings.Contains(got, "\x1b[1;32m") != tt.coloured || !strings.Contains(got, "✓ all is well with ***") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	screen, program := terminal(t, 40)
	page := new(summary.Page)
	page.Table([]string{"gate", "seen"}, [][]string{{"5xx", strings.Repeat("word ", 30)}})
	if err := runner.New(variables("NO_COLOR", "1"), program).Show(page); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(screen)
	for range 5 {
		if lines.Scan(); len(lines.Text()) > 40 {
			t.Errorf("%d columns: %q", len(lines.Text()), lines.Text())
		}
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	_, narrow := terminal(t, 40)
	_, silent := terminal(t, 0)
	tests := map[string]struct {
		columns string
		to      io.Writer
		want    int
	}{
		"the terminal's own":                  {"", narrow, 40},
		"of a terminal that does not say":     {"", silent, 80},
		"what was asked for":                  {"100", narrow, 100},
		"what was asked for of a pipe":        {"100", &bytes.Buffer{}, 100},
		"none of a pipe, for grep":            {"", &bytes.Buffer{}, 0},
		"rubbish is no width":                 {"wide", narrow, 40},
		"of the terminal behind the masks":    {"", runner.New(variables(), narrow).Log(), 40},
		"nor is what leaves no room for text": {"-1", &bytes.Buffer{}, 0},
	}
	for name, tt := range tests {
		if got := runner.Width(variables("COLUMNS", tt.columns), tt.to); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// The log has no part of the answer, and neither shows a secret.
func TestTheLogIsApart(t *testing.T) {
	t.Parallel()
	var answer, log bytes.Buffer
	r := runner.New(variables(), &answer)
	r.Apart(&log)
	r.Mask("hunter2")
	fmt.Fprintln(r.Log(), "asking hunter2")
	fmt.Fprintln(r.Page(), "hunter2 said yes")
	if answer.String() != "*** said yes\n" || log.String() != "asking ***\n" {
		t.Errorf("%q, %q", answer.String(), log.String())
	}
}

func TestNoColourInAFile(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := runner.New(variables(), &out).Show(verdict()); err != nil || out.String() != "✓ all is well with hunter2\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
