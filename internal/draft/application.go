package draft

import (
	"fmt"
	"regexp"
)

// FillIn stands for a value that only a person knows. A configuration with a value that
// has it is refused.
const FillIn = "FILL_IN"

// Application is what compose reads in an application's files.
type Application struct {
	Name     string // of the project, as compose would call it
	Services map[string]Service
}

// Service is one service of the compose files.
type Service struct {
	Image       string
	Build       *Build
	Ports       []Port
	Test        []string // of the health check: CMD or CMD-SHELL, and words
	Needs       []string // the services that it depends on
	Variables   map[string]string
	HostNetwork bool
}

// Build is how compose would build an image. Paths are relative to the checkout.
type Build struct {
	Context    string
	Dockerfile string // from the context; Dockerfile when empty
	Target     string
	Args       []string // names alone
}

// Port is a port that a service publishes.
type Port struct {
	Host      string // the address; every one when empty
	Published string // a number, a range, or empty for one that changes
}

// nameForm is what compose accepts as the name of a service.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func (a Application) check() error {
	if len(a.Services) == 0 {
		return fmt.Errorf("the compose files have no services")
	}
	for name := range a.Services {
		if !nameForm.MatchString(name) {
			return fmt.Errorf("service %q: want a name of letters, digits, dots, dashes and underscores", name)
		}
	}
	return nil
}
