package openloop

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// client sends requests over HTTP/1.1, each at most once.
type client struct {
	load    Load
	address string // host:port
	host    string
	idle    pool
}

func address(target *url.URL) string {
	if target.Port() == "" {
		return net.JoinHostPort(target.Hostname(), "80")
	}
	return target.Host
}

func host(header http.Header, target *url.URL) string {
	if host := header.Get("Host"); host != "" {
		return host
	}
	return target.Host
}

// send sends one request and writes into the sample what became of it.
func (c *client) send(request Request, sample *Sample) {
	sample.Started = time.Now()
	deadline := sample.Started.Add(c.load.Timeout)
	sample.Outcome, sample.Err = c.exchange(request, sample, deadline)
	sample.Ended = time.Now()
	if timeout, ok := errors.AsType[net.Error](sample.Err); ok && timeout.Timeout() {
		sample.Outcome = TimedOut
	}
}

func (c *client) exchange(request Request, sample *Sample, deadline time.Time) (Outcome, error) {
	text := c.encode(request, sample.Number) // before the look at the connection, which is soon out of date
	conn, err := c.connection(request.Fresh, deadline)
	if err != nil {
		return Refused, err
	}
	keep := false
	defer func() {
		if keep {
			c.idle.put(conn)
		} else {
			conn.Close()
		}
	}()
	if err := conn.SetDeadline(deadline); err != nil {
		return Unanswered, err
	}
	// A server may answer and close before it has read all, so a failed write
	// says nothing yet: what can be read does.
	_, writeErr := conn.Write(text)
	if _, err := conn.in.Peek(1); err != nil {
		return Unanswered, errors.Join(writeErr, err)
	}
	keep, err = c.receive(conn.in, request, sample)
	keep = keep && writeErr == nil && !request.Fresh
	switch {
	case err != nil:
		return Cut, err
	case sample.Status >= 500:
		return ServerError, nil
	}
	return Answered, nil
}

// connection returns a kept connection that is still open, or a new one.
func (c *client) connection(fresh bool, deadline time.Time) (*connection, error) {
	for !fresh {
		conn := c.idle.take()
		if conn == nil {
			break
		}
		if conn.open() {
			return conn, nil
		}
		conn.Close()
	}
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.Dial("tcp", c.address)
	if err != nil {
		return nil, err
	}
	return &connection{conn.(*net.TCPConn), bufio.NewReader(conn)}, nil
}

// encode returns the request as one piece, so that it is written at once.
func (c *client) encode(request Request, number int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Request-Number: %d\r\n", request.Method, request.Path, c.host, number)
	_ = c.load.Header.WriteSubset(&b, map[string]bool{"Host": true, "Content-Length": true, "Connection": true}) // to memory
	if request.Fresh {
		b.WriteString("Connection: close\r\n")
	}
	if request.Body == nil {
		b.WriteString("\r\n")
		return b.Bytes()
	}
	body := request.Body(number)
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	return b.Bytes()
}

// receive reads the whole answer and tells whether the connection may be used
// again.
func (c *client) receive(in *bufio.Reader, request Request, sample *Sample) (keep bool, err error) {
	response, err := http.ReadResponse(in, &http.Request{Method: request.Method})
	for err == nil && response.StatusCode < 200 {
		response, err = http.ReadResponse(in, &http.Request{Method: request.Method})
	}
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	sample.Status = response.StatusCode
	for _, name := range c.load.Keep {
		if value := response.Header.Get(name); value != "" {
			if sample.Header == nil {
				sample.Header = map[string]string{}
			}
			sample.Header[name] = value
		}
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && !response.Close, err
}
