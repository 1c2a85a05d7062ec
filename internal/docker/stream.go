package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/pkg/jsonmessage"
)

// Message is one message of a stream.
type Message = jsonmessage.JSONMessage

// Read reads a stream of messages to its end. An engine says 200 first and
// reports what went wrong in the stream, so the error is in there.
func Read(body io.ReadCloser, each func(Message) error) error {
	defer body.Close()
	messages := json.NewDecoder(body)
	for {
		var m Message
		err := messages.Decode(&m)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the engine's messages: %w", err)
		}
		if m.Error != nil {
			return m.Error
		}
		if err := each(m); err != nil {
			return err
		}
	}
}
