package runner_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		log  func(*slog.Logger)
		want string
	}{
		"a fact":              {func(l *slog.Logger) { l.Info("raised the weight", "slot", release.Green, "weight", release.Weight(10)) }, "raised the weight slot=green weight=10%"},
		"a warning":           {func(l *slog.Logger) { l.Warn("lost a scrape", "for", 1500*time.Millisecond) }, "warn: lost a scrape for=1.5s"},
		"an error":            {func(l *slog.Logger) { l.Error("gave up", "err", errors.New("no route")) }, `error: gave up err="no route"`},
		"a secret":            {func(l *slog.Logger) { l.Info("logged in", "password", release.Secret("hunter2")) }, "logged in password=***"},
		"an empty value":      {func(l *slog.Logger) { l.Info("read", "path", "") }, `read path=""`},
		"two lines are one":   {func(l *slog.Logger) { l.Info("said\nthis", "body", "a\r\nb") }, `said ⏎ this body="a␍ ⏎ b"`},
		"bound attributes":    {func(l *slog.Logger) { l.With("host", "a").With("port", 1).Info("dialled", "try", 2) }, "dialled host=a port=1 try=2"},
		"a group":             {func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("b", 2).Info("m", "c", 3) }, "m a=1 g.b=2 g.c=3"},
		"branches do not mix": {func(l *slog.Logger) { base := l.With("a", 1); base.With("b", 2); base.Info("m") }, "m a=1"},
		"details are hidden":  {func(l *slog.Logger) { l.Debug("m") }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				tt.log(slog.New(runner.Handler(&out, false)))
				want := "00:00:00.000 " + tt.want + "\n"
				if tt.want == "" {
					want = ""
				}
				if out.String() != want {
					t.Errorf("got %q, want %q", out.String(), want)
				}
			})
		})
	}
}

func TestDetailsAreShownWhenDebugging(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(runner.Handler(&out, true)).Debug("asked", "url", "/health")
	if !strings.HasSuffix(out.String(), " debug: asked url=/health\n") {
		t.Errorf("got %q", out.String())
	}
}
