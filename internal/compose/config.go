package compose

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// merged is what we read of compose's own view of the files.
type merged struct {
	Version  string             `yaml:"version"`
	Services map[string]service `yaml:"services"`
}

type service struct {
	Image     string `yaml:"image"`
	Container string `yaml:"container_name"`
	Scale     *int   `yaml:"scale"`
	Deploy    struct {
		Replicas *int `yaml:"replicas"`
	} `yaml:"deploy"`
	DependsOn needs `yaml:"depends_on"`
}

// needs is depends_on, which is a list of names or a map of conditions.
type needs map[string]string

// UnmarshalYAML reads both forms.
func (n *needs) UnmarshalYAML(node *yaml.Node) error {
	*n = needs{}
	if node.Kind == yaml.SequenceNode {
		var names []string
		if err := node.Decode(&names); err != nil {
			return err
		}
		for _, name := range names {
			(*n)[name] = "service_started"
		}
		return nil
	}
	var full map[string]struct {
		Condition string `yaml:"condition"`
	}
	if err := node.Decode(&full); err != nil {
		return err
	}
	for name, need := range full {
		(*n)[name] = need.Condition
	}
	return nil
}

// parse reads the output of config. Both versions of compose write YAML.
func parse(text []byte) (merged, error) {
	var m merged
	if err := yaml.Unmarshal(text, &m); err != nil {
		return merged{}, fmt.Errorf("read compose's configuration: %w", err)
	}
	if len(m.Services) == 0 {
		return merged{}, fmt.Errorf("read compose's configuration: it has no services")
	}
	return m, nil
}

func (m merged) services() map[string]slot.Service {
	all := map[string]slot.Service{}
	for name, s := range m.Services {
		all[name] = slot.Service{Image: s.Image, Replicas: s.replicas(), Name: s.Container, Needs: s.DependsOn}
	}
	return all
}

func (s service) replicas() int {
	switch {
	case s.Scale != nil:
		return *s.Scale
	case s.Deploy.Replicas != nil:
		return *s.Deploy.Replicas
	}
	return 1
}
