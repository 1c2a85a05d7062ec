package config_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// settings has one field of every kind that a configuration may have.
type settings struct {
	Application string               `yaml:"application" help:"Name of the application."`
	Shift       shift                `yaml:"shift" help:"How the traffic moves."`
	Router      *router              `yaml:"router" help:"The load balancer."`
	Gates       []gate               `yaml:"gates" help:"Rules on metrics."`
	Hosts       map[string]host      `yaml:"hosts" help:"Where the slots are."`
	Ports       map[release.Slot]int `yaml:"ports" help:"The ports of the slots."`
	Extra       any                  `yaml:"extra" help:"Anything at all."`
	Ignored     string               `yaml:"-"`
	//lint:ignore U1000 a field that is not exported is no key
	private int
}

type shift struct {
	pace      `yaml:",inline"`
	Steps     []release.Weight `yaml:"steps" default:"[10, 50%, 100]" help:"Weights, in their order."`
	Slot      release.Slot     `yaml:"slot" default:"blue" help:"Where it begins."`
	Hold      bool             `yaml:"hold" default:"false" help:"Stay where it is."`
	Retries   int              `yaml:"retries" default:"3" help:"How often."`
	Small     uint8            `yaml:"small" help:"A small number."`
	Tolerance float64          `yaml:"tolerance" default:"0.5" help:"In percent."`
	Largest   release.Size     `yaml:"largest" default:"500MB" help:"The largest image."`
	Password  release.Secret   `yaml:"password" help:"Of the balancer."`
	Names     []string         `yaml:"names" help:"Any names."`
	Window    *time.Duration   `yaml:"window" help:"May be missing."`
}

type pace struct {
	Bake    time.Duration `yaml:"bake" default:"5m" help:"How long a step lasts."`
	MaxBake time.Duration `yaml:"max-bake" default:"30m" help:"How long it lasts at most."`
}

func (s shift) Check() error {
	var err error
	if s.Bake > s.MaxBake {
		err = fmt.Errorf("bake is %v, which is more than max-bake %v", s.Bake, s.MaxBake)
	}
	if s.Retries > 9 {
		err = errors.Join(err, fmt.Errorf("retries is %d: want at most 9", s.Retries))
	}
	return err
}

type router struct {
	Kind string `yaml:"kind" default:"nginx" help:"Which one."`
	URL  string `yaml:"url" help:"Its address."`
}

type gate struct {
	Name  string        `yaml:"name" help:"Its name."`
	Above float64       `yaml:"above" default:"1.5" help:"The limit."`
	For   time.Duration `yaml:"for" default:"30s" help:"How long."`
}

func (g *gate) Check() error {
	if g.Name == "" {
		return errors.New("name is missing")
	}
	return nil
}

type host struct {
	Address string            `yaml:"address" default:"127.0.0.1" help:"Of the engine."`
	Labels  map[string]string `yaml:"labels" help:"To find it by."`
}

// Check is called last, on the whole configuration.
func (s *settings) Check() error {
	if s.Application == "nothing" {
		return errors.New("application: want a name")
	}
	return nil
}

// standard is what an empty configuration means.
func standard() settings {
	return settings{Shift: shift{
		pace: pace{5 * time.Minute, 30 * time.Minute}, Steps: []release.Weight{10, 50, 100}, Slot: release.Blue,
		Retries: 3, Tolerance: 0.5, Largest: 500e6,
	}}
}
