package fault

import (
	"context"
	"log/slog"
	"time"
)

const mebibyte = 1 << 20

// Run does what the fault does by itself, until ctx ends: it leaks memory or
// writes errors to the log. For the other faults it returns at once.
func (f *Fault) Run(ctx context.Context, log *slog.Logger) {
	if f.Kind != None {
		log.Warn("Started with a fault on purpose", "fault", f.Kind, "number", f.number)
	}
	switch f.Kind {
	case Leak:
		var kept [][]byte
		everySecond(ctx, func(int) { kept = append(kept, filled(f.number*mebibyte)) })
	case ErrorLog:
		everySecond(ctx, func(tick int) {
			for i := range f.number {
				log.Error("Rendering the preview went wrong", "template", "newsletter", "tick", tick, "line", i)
			}
		})
	}
}

func everySecond(ctx context.Context, do func(tick int)) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for tick := 1; ; tick++ {
		do(tick)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// filled returns memory that is written to: untouched pages are not resident.
func filled(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}
