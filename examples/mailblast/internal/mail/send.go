package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"time"
)

// Refused is the server's verdict that a recipient or a mail will not be taken,
// now or later: a bounce.
type Refused struct{ Response string }

func (r *Refused) Error() string { return "refused: " + r.Response }

// Server is a mail server that is reached by plain SMTP, which is meant for a
// relay on the same host.
type Server struct {
	Address  string
	From     string
	Patience time.Duration // for a whole mail
}

// Send hands one mail over and returns the server's response to its content,
// which names the mail at the provider. A *Refused error is a verdict; any
// other error means that the server has not taken the mail, as far as we know.
func (s Server) Send(ctx context.Context, to string, content []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return "", fmt.Errorf("connect to mail server: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	client, err := smtp.NewClient(conn, "mailblast")
	if err != nil {
		return "", fmt.Errorf("greet mail server: %w", err)
	}
	return s.deliver(client, to, content)
}

func (s Server) deliver(client *smtp.Client, to string, content []byte) (string, error) {
	if err := client.Mail(s.From); err != nil {
		return "", fmt.Errorf("name sender: %w", err)
	}
	if err := client.Rcpt(to); err != nil {
		return "", verdict("name recipient", err)
	}
	response, err := data(client, content)
	if err != nil {
		return "", verdict("send content", err)
	}
	_ = client.Quit() // the mail is taken, whatever the server says now
	return response, nil
}

// data is smtp.Client.Data that keeps the server's response.
func data(client *smtp.Client, content []byte) (string, error) {
	id, err := client.Text.Cmd("DATA")
	if err != nil {
		return "", err
	}
	client.Text.StartResponse(id)
	_, _, err = client.Text.ReadResponse(354)
	client.Text.EndResponse(id)
	if err != nil {
		return "", err
	}
	w := client.Text.DotWriter()
	if _, err := w.Write(content); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	code, message, err := client.Text.ReadResponse(250)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", code, message), nil
}

func verdict(what string, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 500 {
		return &Refused{Response: reply.Error()}
	}
	return fmt.Errorf("%s: %w", what, err)
}
