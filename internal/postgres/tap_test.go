package postgres_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// effect is what changes something on the server, for us or for others.
var effect = regexp.MustCompile(`(?i)\b(insert|update|delete|truncate|create|alter|drop|commit|pg_advisory_lock)\b`)

// tap is a way to the server on which every effect that a run has asked for is
// counted, and told behind its last byte.
type tap struct {
	t      *testing.T
	server string
	url    release.Secret
	told   func(n int, sql string)

	mu    sync.Mutex
	count int
}

func newTap(t *testing.T, direct release.Secret) *tap {
	t.Helper()
	u, err := url.Parse(direct.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	tp := &tap{t: t, server: u.Host}
	u.Host = listener.Addr().String()
	tp.url = release.Secret(u.String())
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go tp.carry(conn)
		}
	}()
	return tp
}

func (tp *tap) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", tp.server)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	l := listener{known: map[string]string{}}
	chunk := make([]byte, 64<<10)
	for {
		n, err := client.Read(chunk)
		if _, writeErr := server.Write(chunk[:n]); err != nil || writeErr != nil {
			return
		}
		for _, sql := range l.hear(chunk[:n]) {
			tp.tell(sql)
		}
	}
}

func (tp *tap) tell(sql string) {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	tp.count++
	if tp.told != nil {
		tp.told(tp.count, sql)
	}
}

// listener follows what a client sends: its first message, then those with a type,
// by the rules of PostgreSQL's protocol. It does not listen to sessions that only
// look.
type listener struct {
	begun, deaf bool
	rest        []byte
	known       map[string]string // statements by name
}

func (l *listener) hear(p []byte) (effects []string) {
	l.rest = append(l.rest, p...)
	if !l.begun && len(l.rest) >= 4 && len(l.rest) >= int(binary.BigEndian.Uint32(l.rest)) {
		n := binary.BigEndian.Uint32(l.rest)
		l.begun, l.deaf = true, !bytes.Contains(l.rest[:n], []byte("bluegreen lock")) && !bytes.Contains(l.rest[:n], []byte("bluegreen migrate")) && !bytes.Contains(l.rest[:n], []byte("bluegreen backfill"))
		l.rest = l.rest[n:]
	}
	for l.begun && len(l.rest) >= 5 && len(l.rest) > int(binary.BigEndian.Uint32(l.rest[1:])) {
		n := 1 + int(binary.BigEndian.Uint32(l.rest[1:]))
		if sql := l.message(l.rest[0], l.rest[5:n]); !l.deaf && effect.MatchString(sql) {
			effects = append(effects, sql)
		}
		l.rest = l.rest[n:]
	}
	return effects
}

// message returns the SQL that a message runs, or "".
func (l *listener) message(kind byte, body []byte) string {
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case 'Q':
		return string(first)
	case 'P': // a name, and the statement
		l.known[string(first)] = string(second)
	case 'B': // a portal, and the name of the statement that is run
		return l.known[string(second)]
	}
	return ""
}
