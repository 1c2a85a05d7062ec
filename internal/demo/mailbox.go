package demo

import (
	"context"
	"io"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Mailbox is a real SMTP server that takes every message and remembers how
// many came for each recipient.
type Mailbox struct {
	server   *smtp.Server
	listener net.Listener

	mu       sync.Mutex
	received map[string]int
}

// OpenMailbox serves SMTP on a loopback address until ctx ends.
func OpenMailbox(ctx context.Context, address string) (*Mailbox, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	m := &Mailbox{listener: listener, received: map[string]int{}}
	m.server = smtp.NewServer(m)
	m.server.Domain = "localhost"
	m.server.ReadTimeout, m.server.WriteTimeout = 30*time.Second, 30*time.Second
	m.server.MaxMessageBytes = 1 << 20
	go func() { _ = m.server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = m.server.Close() })
	return m, nil
}

// Address is where the server listens.
func (m *Mailbox) Address() string { return m.listener.Addr().String() }

// Received is how many messages came, by recipient.
func (m *Mailbox) Received() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.received)
}

// NewSession accepts every client.
func (m *Mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &letter{box: m}, nil }

// letter is one SMTP conversation.
type letter struct {
	box *Mailbox
	to  []string
}

func (*letter) Mail(string, *smtp.MailOptions) error { return nil }
func (l *letter) Reset()                             { l.to = nil }
func (*letter) Logout() error                        { return nil }

func (l *letter) Rcpt(to string, _ *smtp.RcptOptions) error {
	l.to = append(l.to, to)
	return nil
}

// Data reads the whole message before it counts: what was cut off never came.
func (l *letter) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	l.box.mu.Lock()
	defer l.box.mu.Unlock()
	for _, to := range l.to {
		l.box.received[to]++
	}
	return nil
}
