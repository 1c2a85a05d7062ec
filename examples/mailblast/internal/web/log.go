package web

import (
	"io"
	"log/slog"
)

// Log returns a logger that writes JSON lines which say who writes them.
func Log(out io.Writer, program, slot, version string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, nil)).With("program", program, "slot", slot, "version", version)
}
