package smoke

import (
	"context"
	"net/http"
)

// Differs says in what an answer is not the one that passes.
func (c Check) Differs(status int, body []byte) error {
	return c.say(c.differs(context.Background(), &http.Response{StatusCode: status}, body))
}
