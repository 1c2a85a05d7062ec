package mail_test

import (
	"context"
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
	ours "github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/mail"
)

var composer = ours.Composer{
	From: "news@mailblast.test", Public: &url.URL{Scheme: "https", Host: "mail.test"},
	Origin: ours.Origin{Slot: "blue", Version: "v1", Worker: "w1"},
}

func TestComposeLinksAndEscapes(t *testing.T) {
	t.Parallel()
	content, err := composer.Compose(campaign.Message{ID: "M1", Recipient: "ada@example.org", Subject: "s",
		Body: "<b>Hi</b>\n\nsee https://example.org/?a=b&c=d. And\nhttp://x.test"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	want := `<p>&lt;b&gt;Hi&lt;/b&gt;</p>
<p>see <a href="https://mail.test/track/click/M1?url=aHR0cHM6Ly9leGFtcGxlLm9yZy8_YT1iJmM9ZA%3D%3D">https://example.org/?a=b&amp;c=d</a>. And<br>
<a href="https://mail.test/track/click/M1?url=aHR0cDovL3gudGVzdA%3D%3D">http://x.test</a></p>
<img src="https://mail.test/track/open/M1" width="1" height="1" alt="">
`
	if got := strings.ReplaceAll(string(body), "\r\n", "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestARefusalIsAVerdictAndTroubleIsNot(t *testing.T) {
	t.Parallel()
	box := (&lab.Mailbox{Refuse: func(to string) error {
		switch {
		case strings.HasPrefix(to, "bounce"):
			return &smtp.SMTPError{Code: 550, Message: "no"}
		case strings.HasPrefix(to, "later"):
			return &smtp.SMTPError{Code: 451, Message: "not now"}
		}
		return nil
	}}).Serve(t)
	server := ours.Server{Address: box.Address, From: "news@mailblast.test", Patience: time.Minute}
	content, err := composer.Compose(campaign.Message{ID: "M1", Recipient: "ada@example.org", Subject: "s", Body: ".\n.."}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var refused *ours.Refused
	if _, err := server.Send(t.Context(), "bounce@example.org", content); !errors.As(err, &refused) {
		t.Errorf("bounce: %v", err)
	}
	if _, err := server.Send(t.Context(), "later@example.org", content); err == nil || errors.As(err, &refused) {
		t.Errorf("later: %v", err)
	}
	response, err := server.Send(t.Context(), "ada@example.org", content)
	if err != nil || !strings.HasPrefix(response, "250 ") {
		t.Errorf("good: %q, %v", response, err)
	}
}

func TestASilentServerIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server := ours.Server{Address: l.Addr().String(), From: "news@mailblast.test", Patience: 50 * time.Millisecond}
	if _, err := server.Send(context.Background(), "ada@example.org", nil); err == nil {
		t.Error("no error")
	}
}
