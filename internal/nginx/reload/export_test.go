package reload

import (
	"context"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Before makes f be asked before each effect outside of the process. Where it
// returns an error the process is as good as killed.
func (r *Router) Before(f func(op, name string) error) { r.folder.Before = f }

// Blind makes the workers of nginx invisible, as on another host.
func (r *Router) Blind() { r.host = blind{r.host} }

type blind struct{ host }

func (blind) workers(context.Context) ([]string, error) { return nil, errNoProc }

// Servers is what an upstream has.
func Servers(s Service, w release.Weights) string { return strings.Join(servers(s, w), "; ") }

// Text is an include of a new generation that nobody knows of.
func Text(s Settings, w release.Weights, closing bool) string {
	return render(s, split{w, closing}, none).text
}

// Read is what an include says of itself.
func Read(text string) (release.Weights, bool, error) {
	i, err := parse(text)
	return i.weights, i.closing, err
}

// ParseAnswer reads what nginx answers.
func ParseAnswer(text string) (release.Weights, error) {
	a, err := parseAnswer([]byte(text))
	return a.weights, err
}

// Refusals and Serves read what nginx says.
var (
	Refusals = refusals
	Serves   = serves
)

// What is run on another host.
const (
	KillScript    = killScript
	WorkersScript = workersScript
)
