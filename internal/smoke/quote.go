package smoke

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// shown is how much of an answer is quoted, in bytes, and said how much of a
// whole message.
const (
	shown = 200
	said  = 1000
)

// quote makes text from outside printable and short, and takes what must not be
// shown out of it before it is cut.
func (c Check) quote(text []byte) string {
	clean := c.hide(string(text))
	if len(clean) <= shown {
		return strconv.QuoteToASCII(clean)
	}
	return strconv.QuoteToASCII(clean[:shown]) + " and " + strconv.Itoa(len(clean)-shown) + " bytes more"
}

// hide takes the values of the request's headers, and the password of its URL,
// out of a text, since an answer may repeat them.
func (c Check) hide(text string) string {
	for _, secret := range c.secrets() {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			text = strings.ReplaceAll(text, form, release.Secret(secret).String())
		}
	}
	return text
}

// say is err without secrets, and not endless.
func (c Check) say(err error) error {
	if err == nil {
		return nil
	}
	text := c.hide(err.Error())
	if len(text) > said {
		text = strings.ToValidUTF8(text[:said], "") + "..."
	}
	return errors.New(text)
}

// short is how long a text is that is too common to be a secret.
const short = 4

// secrets lists what must not be shown: each header's value, and the word after
// "Bearer " or the like in it.
func (c Check) secrets() []string {
	var all []string
	add := func(text string) {
		if len(text) > short {
			all = append(all, text)
		}
	}
	for _, value := range c.Headers {
		add(value.Reveal())
		if _, credential, ok := strings.Cut(value.Reveal(), " "); ok {
			add(credential)
		}
	}
	if u, err := url.Parse(c.URL); err == nil && u.User != nil {
		password, _ := u.User.Password()
		add(password)
	}
	return all
}
