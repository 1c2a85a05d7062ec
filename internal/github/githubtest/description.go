package githubtest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed description/api.json.gz
var packed []byte

// description is GitHub's, of the operations that the server has.
var description = sync.OnceValue(func() *openapi3.T {
	api, err := unpack()
	if err != nil {
		panic(fmt.Sprintf("description/api.json.gz: %v", err)) // it is part of the program
	}
	return api
})

func unpack() (*openapi3.T, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	api, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return api, undescribedState(api)
}

// undescribedState adds the state of a job that waits for approval, which GitHub
// answers and does not describe.
func undescribedState(api *openapi3.T) error {
	status := api.Components.Schemas["deployment-status"]
	if status == nil || status.Value.Properties["state"] == nil {
		return errors.New("GitHub describes no state of a deployment")
	}
	state := status.Value.Properties["state"].Value
	state.Enum = append(state.Enum, "waiting")
	return nil
}

// contract is what GitHub says of one operation.
type contract struct{ operation *openapi3.Operation }

func contractOf(method, path string) (contract, error) {
	item := description().Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		return contract{}, fmt.Errorf("GitHub describes no %s %s", method, path)
	}
	return contract{item.GetOperation(method)}, nil
}

// request refuses what GitHub does not know, or would not take.
func (c contract) request(r *http.Request, body []byte) error {
	for name := range r.URL.Query() {
		if c.operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the query has %s, which GitHub does not describe", name)
		}
	}
	if c.operation.RequestBody == nil {
		if len(body) > 0 {
			return fmt.Errorf("there is a body, and GitHub describes none")
		}
		return nil
	}
	media := c.operation.RequestBody.Value.Content.Get("application/json")
	if len(body) == 0 || media == nil {
		if c.operation.RequestBody.Value.Required {
			return fmt.Errorf("there is no body, and GitHub wants one")
		}
		return nil
	}
	value, err := decode(body)
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return judge(media.Schema.Value, value)
}

// response completes an answer with what GitHub always says, and refuses one
// that GitHub would not give. A refusal that GitHub does not describe may be any.
func (c contract) response(status int, body any) (any, error) {
	described := c.operation.Responses.Status(status)
	if described == nil {
		if status < http.StatusBadRequest {
			return nil, fmt.Errorf("GitHub does not answer it with %d", status)
		}
		return body, nil
	}
	media := described.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return body, nil
	}
	value, err := again(body)
	if err != nil {
		return nil, err
	}
	whole := fill(media.Schema.Value, value)
	return whole, judge(media.Schema.Value, whole)
}
