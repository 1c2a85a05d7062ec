package runner_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	s.EndGroup()
	s.Group("step 1")
	s.Group("step 2")
	s.EndGroup()
	s.EndGroup()
	commands, _ := runnertest.Read(s.log.String())
	var got []string
	for _, c := range commands {
		got = append(got, c.Name+" "+c.Data)
	}
	if text := strings.Join(got, "|"); text != "group step 1|endgroup |group step 2|endgroup " {
		t.Errorf("got %s", text)
	}
}

func TestHostileTitlesStayOneGroup(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		s := newStep(t)
		s.Group("t" + text)
		commands, lines := runnertest.Read(s.log.String())
		if len(commands) != 1 || commands[0].Name != "group" || strings.Join(lines, "") != "" {
			t.Errorf("%s: commands %+v, lines %q", name, commands, lines)
		}
	}
}

func TestOutsideOfARunnerATitleIsALine(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r := runner.New(variables(), &log)
	r.Group("step 1\n::error::x")
	r.EndGroup()
	if got := log.String(); got != "step 1 ⏎ ::error::x\n" {
		t.Errorf("got %q", got)
	}
}
