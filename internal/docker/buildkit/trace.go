package buildkit

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	controlapi "github.com/moby/buildkit/api/services/control"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// trace turns what BuildKit reports into steps. It reports the same vertex many
// times; the one with its end counts.
type trace struct {
	log  *image.Log
	done map[string]bool
	ran  []string
}

func newTrace(log *image.Log) *trace {
	return &trace{log: log, done: map[string]bool{}, ran: []string{}}
}

// follow reads the build's messages to their end.
func (t *trace) follow(body io.ReadCloser) error {
	return docker.Read(body, func(m docker.Message) error {
		if m.ID != "moby.buildkit.trace" || m.Aux == nil {
			return nil
		}
		var raw []byte
		if err := json.Unmarshal(*m.Aux, &raw); err != nil {
			return fmt.Errorf("read the build's progress: %w", err)
		}
		var status controlapi.StatusResponse
		if err := status.UnmarshalVT(raw); err != nil {
			return fmt.Errorf("read the build's progress: %w", err)
		}
		t.note(&status)
		return nil
	})
}

func (t *trace) note(status *controlapi.StatusResponse) {
	for _, l := range status.Logs {
		fmt.Fprintf(t.log, "%s", l.Msg)
	}
	for _, v := range status.Vertexes {
		if v.Completed == nil || t.done[v.Digest] {
			continue
		}
		t.done[v.Digest] = true
		t.end(v)
	}
}

func (t *trace) end(v *controlapi.Vertex) {
	switch {
	case v.Error != "":
		t.log.Step("%s: %s", v.Name, v.Error)
		return
	case v.Cached:
		t.log.Step("%s (cached)", v.Name)
	default:
		t.log.Step("%s", v.Name)
	}
	if _, instruction, ok := strings.Cut(v.Name, "] RUN "); ok {
		t.ran = append(t.ran, instruction)
	}
}
