package compose

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/draft"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// described is what a first configuration is drafted from.
type described struct {
	Name     string `yaml:"name"`
	Services map[string]struct {
		Image     string    `yaml:"image"`
		Build     *build    `yaml:"build"`
		Ports     []port    `yaml:"ports"`
		Health    health    `yaml:"healthcheck"`
		DependsOn needs     `yaml:"depends_on"`
		Variables variables `yaml:"environment"`
		Network   string    `yaml:"network_mode"`
	} `yaml:"services"`
}

// Application reads the merged files as a first configuration needs them, with every
// variable filled in: values may be secrets.
func (s *Stack) Application(ctx context.Context) (draft.Application, error) {
	ctx, cancel := limited(ctx, asking)
	defer cancel()
	out, err := process.Output(ctx, s.command(s.tool.config(s.project, "")))
	if err != nil {
		return draft.Application{}, err
	}
	return application(out, s.project.Dir)
}

// errUnread has nothing of the text, which may have secrets in it.
var errUnread = errors.New("read compose's configuration: it is not as compose writes it")

func application(text []byte, dir string) (draft.Application, error) {
	var d described
	if yaml.Unmarshal(text, &d) != nil {
		return draft.Application{}, errUnread
	}
	all := draft.Application{Name: d.Name, Services: map[string]draft.Service{}}
	for name, s := range d.Services {
		one := draft.Service{
			Image: s.Image, Test: s.Health.Test, Needs: slices.Sorted(maps.Keys(s.DependsOn)),
			Variables: s.Variables, HostNetwork: s.Network == "host",
		}
		if s.Build != nil {
			one.Build = s.Build.below(dir)
		}
		for _, p := range s.Ports {
			if p.Protocol != "udp" {
				one.Ports = append(one.Ports, draft.Port{Host: p.Host, Published: p.Published})
			}
		}
		all.Services[name] = one
	}
	return all, nil
}

// build is build, which is a folder or a map.
type build struct {
	Context    string    `yaml:"context"`
	Dockerfile string    `yaml:"dockerfile"`
	Target     string    `yaml:"target"`
	Args       variables `yaml:"args"`
}

// UnmarshalYAML reads both forms.
func (b *build) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		b.Context = node.Value
		return nil
	}
	type plain build
	return node.Decode((*plain)(b))
}

func (b *build) below(dir string) *draft.Build {
	context := b.Context
	if rel, err := filepath.Rel(dir, context); err == nil && filepath.IsAbs(context) {
		context = rel
	}
	return &draft.Build{Context: context, Dockerfile: b.Dockerfile, Target: b.Target, Args: slices.Sorted(maps.Keys(b.Args))}
}

// health is a health check, whose test is a list of words, or a line for a shell.
type health struct {
	Test words `yaml:"test"`
}

type words []string

// UnmarshalYAML reads both forms.
func (w *words) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*w = words{"CMD-SHELL", node.Value}
		return nil
	}
	return node.Decode((*[]string)(w))
}

// port is a port that is published: a text such as 127.0.0.1:8080:80/tcp, or a map.
type port struct {
	Host      string `yaml:"host_ip"`
	Published string `yaml:"published"`
	Protocol  string `yaml:"protocol"`
}

// UnmarshalYAML reads both forms.
func (p *port) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		type plain port
		return node.Decode((*plain)(p))
	}
	text, protocol, _ := strings.Cut(node.Value, "/")
	p.Protocol = protocol
	if colon := strings.LastIndexByte(text, ':'); colon >= 0 { // behind it is the port in the container
		p.Published = text[:colon]
		if colon = strings.LastIndexByte(p.Published, ':'); colon >= 0 {
			p.Host, p.Published = strings.Trim(p.Published[:colon], "[]"), p.Published[colon+1:]
		}
	}
	return nil
}

// variables is environment or args, a map or a list of NAME=value.
type variables map[string]string

// UnmarshalYAML reads both forms. A variable without a value is empty.
func (v *variables) UnmarshalYAML(node *yaml.Node) error {
	*v = variables{}
	if node.Kind == yaml.SequenceNode {
		var lines []string
		if err := node.Decode(&lines); err != nil {
			return err
		}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, "=")
			(*v)[name] = value
		}
		return nil
	}
	return node.Decode((*map[string]string)(v))
}
