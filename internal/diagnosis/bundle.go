package diagnosis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Look is one thing that is looked at.
type Look struct {
	Name  string        // such as blue containers
	Limit time.Duration // how long it may take; Patience when 0
	// See looks, puts files on the shelf, and says what it saw in a few words. It
	// may do so beside an error.
	See func(context.Context, *Shelf) (says string, err error)
}

// Patience is how long one look may take.
const Patience = 10 * time.Second

// Seen is what came of a look.
type Seen struct {
	Name    string        `json:"name"`
	Says    string        `json:"says,omitempty"`
	Problem string        `json:"problem,omitempty"`
	Took    time.Duration `json:"took"`
	Files   []File        `json:"files,omitempty"`
}

// File is one file of the bundle. Its name may have folders.
type File struct {
	Name string `json:"name"`
	Text string `json:"-"`
	Cut  bool   `json:"cut,omitempty"` // it was too long, and lacks its beginning
}

// The bounds of a bundle, in bytes: of one file before its addresses are redacted,
// and of all files of one look.
const (
	MaxFile = 512 << 10
	MaxLook = 4 << 20
)

// Shelf takes the files of one look. It is safe for concurrent use.
type Shelf struct {
	mu     sync.Mutex
	files  []File
	size   int
	closed bool
}

// Put keeps a file, with the addresses in it redacted. Of one that is too long the
// end is kept, which is the newest part of a log. What comes after the deadline of
// the look, or would make it too large, is dropped.
func (s *Shelf) Put(name, text string) {
	cut := len(text) > MaxFile
	if cut {
		text = text[len(text)-MaxFile:]
	}
	text = Redact(strings.ToValidUTF8(text, ""))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.size+len(text) > MaxLook {
		return
	}
	s.size += len(text)
	s.files = append(s.files, File{name, text, cut})
}

// take closes the shelf and returns what is on it.
func (s *Shelf) take() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.files
}

// Collect looks at everything at once, and returns what was seen in the order of
// the looks. It returns as soon as the slowest look is over or has had its time; a
// look that is deaf to its deadline is left to itself.
func Collect(ctx context.Context, looks []Look) []Seen {
	all := make([]Seen, len(looks))
	var wait sync.WaitGroup
	for i, look := range looks {
		wait.Go(func() { all[i] = look.see(ctx) })
	}
	wait.Wait()
	return all
}

func (l Look) see(ctx context.Context) Seen {
	limit := l.Limit
	if limit == 0 {
		limit = Patience
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	type answer struct {
		says string
		err  error
	}
	shelf, begin, done := new(Shelf), time.Now(), make(chan answer, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil { // a fault in one look must not cost the others
				done <- answer{"", fmt.Errorf("panic: %v", v)}
			}
		}()
		says, err := l.See(ctx, shelf)
		done <- answer{says, err}
	}()
	seen := Seen{Name: l.Name}
	select {
	case a := <-done:
		seen.Says = a.says
		if a.err != nil {
			seen.Problem = a.err.Error()
		}
	case <-ctx.Done():
		seen.Problem = context.Cause(ctx).Error()
	}
	seen.Took, seen.Files = time.Since(begin), shelf.take()
	seen.Says, seen.Problem = Redact(seen.Says), Redact(seen.Problem)
	return seen
}
