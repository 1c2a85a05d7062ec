package runner

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Handler returns a slog handler that writes one readable line per fact: the
// time, the message, the keys.
func Handler(w io.Writer, debug bool) slog.Handler {
	h := &handler{w: w, debug: debug, redact: func(text string) string { return text }}
	if log, ok := w.(*Log); ok {
		h.redact = log.Redact // before it is put in quotes
	}
	return h
}

type handler struct {
	redact func(string) string
	w      io.Writer
	debug  bool
	attrs  string
	prefix string
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.debug
}

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	line.WriteString(r.Time.UTC().Format("15:04:05.000 "))
	if r.Level != slog.LevelInfo {
		line.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	line.WriteString(oneLine(r.Message))
	line.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		line.WriteString(h.format(a))
		return true
	})
	line.WriteByte('\n')
	_, err := io.WriteString(h.w, line.String())
	return err
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	for _, a := range attrs {
		next.attrs += h.format(a)
	}
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	next := *h
	next.prefix += name + "."
	return &next
}

func (h *handler) format(a slog.Attr) string {
	value := oneLine(h.redact(a.Value.Resolve().String()))
	if strings.ContainsAny(value, " \t") || value == "" {
		value = fmt.Sprintf("%q", value)
	}
	return " " + h.prefix + a.Key + "=" + value
}

func oneLine(text string) string {
	return strings.NewReplacer("\r", "␍", "\n", " ⏎ ").Replace(text)
}
