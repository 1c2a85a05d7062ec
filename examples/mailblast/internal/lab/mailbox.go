package lab

import (
	"io"
	"log"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Mail is one that the mailbox has taken.
type Mail struct {
	To     string
	Header mail.Header
	Body   string // still quoted-printable
}

// Mailbox is an SMTP server that keeps what it takes.
type Mailbox struct {
	Address string
	// Refuse may return an *smtp.SMTPError for a recipient. Nil takes everything.
	Refuse func(to string) error
	// Delay is waited for before a mail is taken.
	Delay time.Duration

	mu    sync.Mutex
	mails []Mail
}

// Serve opens the mailbox until the end of the test.
func (m *Mailbox) Serve(t testing.TB) *Mailbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.Address = l.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: m}, nil }))
	server.Domain = "mailbox.test"
	server.ErrorLog = log.New(io.Discard, "", 0) // killed workers leave broken connections
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return m
}

// Mails returns what was taken so far.
func (m *Mailbox) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// Counts returns how many mails each recipient has got.
func (m *Mailbox) Counts() map[string]int {
	counts := map[string]int{}
	for _, mail := range m.Mails() {
		counts[mail.To]++
	}
	return counts
}

type session struct {
	box *Mailbox
	to  string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Reset()                               { s.to = "" }
func (s *session) Logout() error                        { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.box.Refuse != nil {
		return s.box.Refuse(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	parsed, err := mail.ReadMessage(strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(parsed.Body)
	if err != nil {
		return err
	}
	time.Sleep(s.box.Delay)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails = append(s.box.mails, Mail{To: s.to, Header: parsed.Header, Body: string(body)})
	return nil
}
