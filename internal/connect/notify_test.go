package connect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

type none struct{}

// told runs a phase whose notifications go to an inbox, and returns what came there,
// as event and text, and what was printed.
func told(t *testing.T, env map[string]string, do func(context.Context, *action.Job)) (messages []string, printed string) {
	t.Helper()
	var mu sync.Mutex
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		var m struct{ Event, Text, Slot, Reason string }
		if err := json.Unmarshal(text, &m); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		messages = append(messages, strings.TrimSpace(m.Event+" "+m.Slot+": "+m.Text+" "+m.Reason))
	}))
	defer inbox.Close()
	page := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(page, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": page,
		"INPUT_WORKING-DIRECTORY": t.TempDir(), "INPUT_NOTIFY-WEBHOOKS": inbox.URL + "/hunter2-hunter2",
		"INPUT_RELEASE": `{"id":"shop-7","version":"v3","candidate":"green","good":"blue"}`,
	}
	for name, value := range env {
		variables[name] = value
	}
	var out bytes.Buffer
	phase := action.New(action.About{Name: "tell", Summary: "Tells.", Settings: []string{"notify"}}, func(ctx context.Context, job *action.Job, _ none) (none, error) {
		do(ctx, job)
		return none{}, nil
	})
	if status := phase.Main(t.Context(), action.Process{Getenv: func(name string) string { return variables[name] }, Stdout: &out, Stderr: &out}); status != 0 {
		t.Errorf("exit status %d: %s", status, out.String())
	}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "hunter2") && !strings.HasPrefix(line, "::add-mask::") {
			t.Errorf("the address is shown: %s", line)
		}
	}
	summary, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return messages, out.String() + string(summary)
}

func TestWhoCouldNotTakeTheTrafficBackIsTold(t *testing.T) {
	t.Parallel()
	for want, log := range map[string]traffic.Log{
		"failed : the traffic could not be taken back from green: look at far 5xx": {Outcome: traffic.Stranded, Back: &traffic.Way{Sides: []traffic.Side{{Name: "near", Write: 1}, {Name: "far"}}}},
		"failed : v3 keeps 10% of the traffic: blue could not take it back 5xx":    {Outcome: traffic.HeldAt, Sick: "blue is down"},
	} {
		log.Candidate, log.Good, log.Weight, log.Reason = release.Green, release.Blue, 10, "5xx"
		got, _ := told(t, nil, func(ctx context.Context, job *action.Job) { connect.TellEnd(ctx, job, &log) })
		if strings.Join(got, "; ") != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

func TestHowAShiftEndsIsTold(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[traffic.Outcome]string{
		traffic.Shifted:    "done green: v3 has all the traffic on green 5xx",
		traffic.RolledBack: "rollback blue: all traffic is back at blue 5xx",
		traffic.HeldAt:     "held : v3 is held at 10% of the traffic 5xx",
		traffic.Stranded:   "failed : the traffic could not be taken back from green: look at the load balancer 5xx",
		traffic.RefusedTo:  "", traffic.Unchanged: "", traffic.Stopped: "",
	} {
		got, _ := told(t, nil, func(ctx context.Context, job *action.Job) {
			connect.TellEnd(ctx, job, &traffic.Log{Outcome: outcome, Candidate: release.Green, Good: release.Blue, Weight: 10, Reason: "5xx"})
		})
		if outcome == traffic.Shifted { // a release that went well has no reason
			want = strings.TrimSuffix(want, " 5xx")
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: told %q, want %q", outcome, got, want)
		}
	}
}

func TestThatAShiftBeginsIsToldBeforeIt(t *testing.T) {
	t.Parallel()
	got, printed := told(t, nil, func(ctx context.Context, job *action.Job) { connect.TellBegin(ctx, job) })
	if strings.Join(got, "; ") != "started blue: v3 is about to get traffic on green" || !strings.Contains(printed, "told before the first step: 1 of 1") {
		t.Errorf("%q\n%s", got, printed)
	}
	_, printed = told(t, map[string]string{"INPUT_NOTIFY-WEBHOOKS": "http://127.0.0.1:1/hunter2-hunter2"}, func(ctx context.Context, job *action.Job) { connect.TellBegin(ctx, job) })
	if !strings.Contains(printed, "told before the first step: 0 of 1") || !strings.Contains(printed, "connection refused") {
		t.Errorf("nobody answers:\n%s", printed)
	}
	_, printed = told(t, map[string]string{"INPUT_NOTIFY-WEBHOOKS": ""}, func(ctx context.Context, job *action.Job) { connect.TellBegin(ctx, job) })
	if !strings.Contains(printed, "nobody is named in notify") {
		t.Errorf("nobody is named:\n%s", printed)
	}
}

// A runner kills a step that was interrupted soon after.
func TestAnInterruptedShiftDoesNotWaitForThoseItTells(t *testing.T) {
	t.Parallel()
	never, left := make(chan struct{}), make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that it is seen when nobody waits any more
		select {
		case <-never:
		case <-r.Context().Done():
			left <- struct{}{}
		}
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(never) })
	told(t, map[string]string{"INPUT_NOTIFY-WEBHOOKS": silent.URL, "INPUT_NOTIFY-TIMEOUT": "30s"}, func(ctx context.Context, job *action.Job) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		connect.TellEnd(ctx, job, &traffic.Log{Outcome: traffic.RolledBack, Good: release.Blue})
	})
	if len(left) > 0 {
		t.Error("it has waited for as long as a message may take")
	}
}

func TestAProgramGetsTheMessageOnItsStandardInput(t *testing.T) {
	t.Parallel()
	_, printed := told(t, map[string]string{"INPUT_NOTIFY-COMMAND": "[tee, /dev/stderr]"}, func(ctx context.Context, job *action.Job) { connect.TellBegin(ctx, job) })
	if !strings.Contains(printed, `"event":"started"`) || !strings.Contains(printed, "told before the first step: 2 of 2") {
		t.Errorf("%s", printed)
	}
}
