package docker

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// longestLine is how much of one line is read; the rest of it is another line.
const longestLine = 256 << 10

// Logs calls line for each line of both outputs: since then unless it is zero,
// and only for the last tail lines when tail is above 0.
func (e *Engine) Logs(ctx context.Context, id string, since time.Time, tail int, line func(string)) error {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return cause(ctx, err)
	}
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true}
	if !since.IsZero() {
		options.Since = stamp(since)
	}
	if tail > 0 {
		options.Tail = strconv.Itoa(tail)
	}
	body, err := e.api.ContainerLogs(ctx, id, options)
	if err != nil {
		return cause(ctx, err)
	}
	defer body.Close()
	if got.Config.Tty {
		return cause(ctx, lines(body, line))
	}
	return cause(ctx, lines(single(body), line))
}

// single joins the two outputs that are multiplexed in a stream. A line of one
// can be cut by the other where a program writes without care.
func single(body io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() { in.CloseWithError(join(in, body)) }()
	return out
}

// join copies frame by frame, and takes no memory because a frame says that it is
// large. A stream that is cut has ended.
func join(to io.Writer, body io.Reader) error {
	var head [8]byte
	for {
		if _, err := io.ReadFull(body, head[:]); err != nil {
			return whole(err)
		}
		if head[0] > byte(stdcopy.Stderr) {
			return fmt.Errorf("read the engine's log: a frame of kind %d", head[0])
		}
		if _, err := io.CopyN(to, body, int64(binary.BigEndian.Uint32(head[4:]))); err != nil {
			return whole(err)
		}
	}
}

func whole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func lines(from io.Reader, line func(string)) error {
	in := bufio.NewReaderSize(from, longestLine)
	for {
		text, _, err := in.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line(string(text))
	}
}

// stamp is a time as the engine reads it: seconds and nanoseconds.
func stamp(t time.Time) string {
	return strconv.FormatInt(t.Unix(), 10) + "." + pad(strconv.Itoa(t.Nanosecond()))
}

func pad(digits string) string { return "000000000"[len(digits):] + digits }
