package cleanup

import (
	"errors"
	"fmt"
	"time"
)

// Settings is when what is removed. Both count from the end of the last bake, when
// the release had all the traffic and was watched with it.
type Settings struct {
	After  time.Duration `yaml:"after" help:"How long a release has to have all the traffic before images and containers that neither slot uses are removed. At least 24h." default:"24h"`
	Window time.Duration `yaml:"window" help:"For how long the slot that was live before stays ready to take over; then cleanup removes its containers, networks and images. At least 24h." default:"48h"`
}

// least is how long everything stays. Source: the plan's D.1, 24 to 48 hours.
const least = 24 * time.Hour

// Check refuses a window in which nobody has slept a night over the release.
func (s Settings) Check() error {
	var problems []error
	if s.After < least {
		problems = append(problems, fmt.Errorf("after %v: want at least %v", s.After, least))
	}
	if s.Window < max(s.After, least) {
		problems = append(problems, fmt.Errorf("window %v: want at least %v, and no less than after", s.Window, least))
	}
	return errors.Join(problems...)
}
