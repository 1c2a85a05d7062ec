package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/web"
)

// reader reads the log of a server as it comes.
type reader struct {
	slog.Handler
	read func(message string)
}

func (r reader) Handle(_ context.Context, record slog.Record) error {
	r.read(record.Message)
	return nil
}

// Whoever reads that a server drains, and asks it, is told so.
func TestAServerDrainsBeforeItSaysSo(t *testing.T) {
	t.Parallel()
	s := &web.Server{Listen: "127.0.0.1:0", Grace: time.Minute}
	said := false
	s.Log = slog.New(reader{slog.NewTextHandler(io.Discard, nil), func(message string) {
		if message == "Draining" {
			said = true
			if !s.Draining() {
				t.Error("it says so before")
			}
		}
	}})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ctx, http.NotFoundHandler()); err != nil || !said {
		t.Errorf("said %v, %v", said, err)
	}
}
