package compose

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// change is one service of an override file.
type change struct {
	Image  string            `json:"image,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// encode writes an override as JSON, which compose reads as the YAML that it
// is. Version 1 wants all files to name one version of the format, so it is
// taken over from the project's files.
func encode(o slot.Override, version string) ([]byte, error) {
	services := map[string]change{}
	for name, c := range o {
		labels := map[string]string{}
		for key, value := range c.Labels {
			labels[key] = strings.ReplaceAll(value, "$", "$$") // not a variable
		}
		services[name] = change{c.Image, labels}
	}
	file := map[string]any{"services": services}
	if version != "" {
		file["version"] = version
	}
	return json.Marshal(file)
}

// with writes the override to a file of its own for the time of a call.
func with(o slot.Override, version string, call func(path string) error) error {
	if len(o) == 0 {
		return call("")
	}
	text, err := encode(o, version)
	if err != nil {
		return fmt.Errorf("write override: %w", err)
	}
	file, err := os.CreateTemp("", "bluegreen-*.json")
	if err != nil {
		return fmt.Errorf("write override: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(text)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write override: %w", err)
	}
	return call(file.Name())
}
