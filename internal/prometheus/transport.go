package prometheus

import (
	"errors"
	"io"
	"net/http"
)

// maxAnswer is the size of an answer in bytes.
const maxAnswer = 8 << 20

var (
	errRedirect = errors.New("the server redirects: set prometheus.url to where it leads")
	errTooLarge = errors.New("an answer of more than 8 MiB: aggregate the query")
)

// transport adds the credentials, and bounds what is read.
type transport struct {
	base     http.RoundTripper
	settings Settings
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	switch {
	case t.settings.Token != "":
		request.Header.Set("Authorization", "Bearer "+t.settings.Token.Reveal())
	case t.settings.User != "":
		request.SetBasicAuth(t.settings.User, t.settings.Password.Reveal())
	}
	response, err := t.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &bounded{response.Body, maxAnswer}
	return response, nil
}

// bounded fails, instead of ending, where too much is read.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
