package statefolder

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// fence is what the folder knows of tokens.
type fence struct{ seen, closed traffic.Token }

// Pass lets a token through that is not stale, and remembers it. It is called
// with the lock held, by whoever moves traffic forward.
func (f *Folder) Pass(ctx context.Context, token traffic.Token) error {
	have, err := f.fence(ctx)
	switch {
	case err != nil:
		return err
	case token < have.seen || token <= have.closed:
		return &traffic.Stale{Token: token, Seen: max(have.seen, have.closed)}
	case token == have.seen:
		return nil
	}
	return f.Put(ctx, seenFile, formatToken(token))
}

// Shut refuses every token that was seen so far. A rollback calls it, with the
// lock or, where it cannot have it, without.
func (f *Folder) Shut(ctx context.Context) error {
	have, err := f.fence(ctx)
	if err != nil || have.closed >= have.seen {
		return err
	}
	return f.Put(ctx, closedFile, formatToken(have.seen))
}

// fence reads both at once, since the folder may be far away.
func (f *Folder) fence(ctx context.Context) (have fence, err error) {
	var both sync.WaitGroup
	var closedErr error
	both.Go(func() { have.closed, closedErr = f.token(ctx, closedFile) })
	have.seen, err = f.token(ctx, seenFile)
	both.Wait()
	return have, errors.Join(err, closedErr)
}

func (f *Folder) token(ctx context.Context, name string) (traffic.Token, error) {
	text, err := f.Read(ctx, name)
	if err != nil || len(text) == 0 {
		return 0, err
	}
	token, err := parseToken(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", f.File(name), err)
	}
	return token, nil
}

// parseToken reads a whole number and a line end.
func parseToken(text []byte) (traffic.Token, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("token %q: want a whole number", text)
	}
	return traffic.Token(n), nil
}

func formatToken(t traffic.Token) []byte { return strconv.AppendUint(nil, uint64(t), 10) }
