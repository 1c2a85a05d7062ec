package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

func (s *Server) query(ctx context.Context, promql string) (gate.Result, error) {
	response, body, err := s.post(ctx, "/api/v1/query", url.Values{"query": {promql}, "timeout": {s.timeout.String()}})
	if err != nil {
		return gate.Result{}, err
	}
	if response.StatusCode != http.StatusOK {
		return gate.Result{}, refusal(response.StatusCode, body)
	}
	result, err := decode(body)
	if err != nil {
		return gate.Result{}, err
	}
	if result.At.IsZero() { // nothing matched, so that no value has a time
		if result.At, err = http.ParseTime(response.Header.Get("Date")); err != nil {
			return gate.Result{}, errors.New("the answer has no date")
		}
	}
	return result, nil
}

// post sends a form. A query changes nothing, so Go may send it again when a
// kept connection turns out to be closed: that is what the empty header says.
func (s *Server) post(ctx context.Context, path string, form url.Values) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.client.URL(path, nil).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, nil, errors.New("the address makes no request")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header["Idempotency-Key"] = nil
	response, body, err := s.client.Do(ctx, request)
	if err != nil {
		return nil, nil, cause(ctx, err)
	}
	return response, body, nil
}

// cause is err without the address that net/http puts before it, or why the
// context has ended.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// refusal says what an answer other than 200 means.
func refusal(status int, body []byte) error {
	a, err := parse(body)
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if err != nil || a.Error == "" {
		return errors.New(text)
	}
	text += ": " + printable(a.Error)
	if a.ErrorType == "bad_data" || a.ErrorType == "execution" {
		return fmt.Errorf("%w: %s", gate.ErrQuery, text)
	}
	return errors.New(text)
}

// printable is the start of a foreign text, without control characters.
func printable(text string) string {
	const limit = 300
	text = strings.ToValidUTF8(text[:min(len(text), limit)], "?")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
