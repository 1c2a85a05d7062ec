// Package mail writes a message as a mail and hands it to a mail server.
//
// It promises that the same message has the same Message-ID however often it
// is sent, so that a mailbox can tell a repeat, and that a verdict of the
// server (taken, or refused for good) is told from a failure that may pass.
package mail

import (
	"bytes"
	"fmt"
	"html"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

// Origin says which process sends. It is written into every mail.
type Origin struct {
	Slot, Version, Worker string
}

// Composer writes mails.
type Composer struct {
	From   string   // an address
	Public *url.URL // where the recipient reaches /track
	Origin Origin
}

// Compose returns the mail of a message, with its header.
func (c Composer) Compose(m campaign.Message, at time.Time) ([]byte, error) {
	_, domain, ok := strings.Cut(c.From, "@")
	if !ok {
		return nil, fmt.Errorf("compose message %s: sender has no domain", m.ID)
	}
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("From", (&mail.Address{Address: c.From}).String())
	field("To", (&mail.Address{Address: m.Recipient}).String())
	field("Subject", mime.QEncoding.Encode("utf-8", m.Subject))
	field("Date", at.Format(time.RFC1123Z))
	field("Message-ID", "<"+m.ID+"@"+domain+">")
	field("X-MailBlast-Message", m.ID)
	field("X-MailBlast-Slot", c.Origin.Slot)
	field("X-MailBlast-Version", c.Origin.Version)
	field("X-MailBlast-Worker", c.Origin.Worker)
	field("MIME-Version", "1.0")
	field("Content-Type", "text/html; charset=utf-8")
	field("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(c.page(m))); err != nil {
		return nil, fmt.Errorf("compose message %s: %w", m.ID, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compose message %s: %w", m.ID, err)
	}
	return b.Bytes(), nil
}

var links = regexp.MustCompile(`https?://[^\s<>"']+[^\s<>"'.,;:!?)]`)

// page writes the text as HTML: its links count clicks, a pixel counts the opening.
func (c Composer) page(m campaign.Message) string {
	var b strings.Builder
	b.WriteString("<p>")
	body, last := strings.ReplaceAll(m.Body, "\r\n", "\n"), 0
	for _, at := range links.FindAllStringIndex(body, -1) {
		target := body[at[0]:at[1]]
		b.WriteString(text(body[last:at[0]]))
		fmt.Fprintf(&b, `<a href="%s">%s</a>`, html.EscapeString(c.click(m.ID, target)), html.EscapeString(target))
		last = at[1]
	}
	b.WriteString(text(body[last:]))
	pixel := c.Public.JoinPath("track", "open", m.ID)
	fmt.Fprintf(&b, "</p>\n<img src=\"%s\" width=\"1\" height=\"1\" alt=\"\">\n", html.EscapeString(pixel.String()))
	return b.String()
}

var paragraphs = strings.NewReplacer("\n\n", "</p>\n<p>", "\n", "<br>\n")

func text(s string) string { return paragraphs.Replace(html.EscapeString(s)) }

func (c Composer) click(message, target string) string {
	link := c.Public.JoinPath("track", "click", message)
	link.RawQuery = url.Values{"url": {tracking.EncodeTarget(target)}}.Encode()
	return link.String()
}
