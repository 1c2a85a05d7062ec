package traffic

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is how a shift goes forward.
type Settings struct {
	Steps        []Step        `yaml:"steps" help:"The weights that the candidate gets, one after the other, and how long each one is watched. They rise, and the last is 100." default:"[{weight: 10, bake: 5m}, {weight: 50, bake: 10m}, {weight: 100, bake: 15m}]"`
	Tick         time.Duration `yaml:"tick" help:"How often the gates are asked and the weights are read back." default:"5s"`
	MaxPause     time.Duration `yaml:"max-pause" help:"How long the clock of one step may stand still in all, for a breach or for lost metrics, before the traffic goes back." default:"30m"`
	MaxBake      time.Duration `yaml:"max-bake" help:"How long a step may last for lack of traffic. 0 is twice its bake time." default:"0s"`
	OnLowTraffic Choice        `yaml:"on-low-traffic" help:"What to do after max-bake: continue with a warning, or hold the weight and end, so that somebody decides." default:"continue"`
	OnInterrupt  Choice        `yaml:"on-interrupt" help:"What a cancelled shift does with the traffic: rollback, or hold the weight." default:"rollback"`
	Observe      int           `yaml:"observe" help:"Requests that are counted to prove a weight. The plan asks for 1000." default:"1000"`

	ApprovalTimeout time.Duration `yaml:"approval-timeout" help:"How long a step waits for its approval before the traffic goes back. Where the approvals cannot be read at the end of it, the weight is held." default:"1h"`
	Validation      Validation    `yaml:"validate" help:"How the release with all the traffic is compared with what was before it."`
}

// Choice is what happens at the end of a wait.
type Choice string

// The choices.
const (
	Continue Choice = "continue"
	Hold     Choice = "hold"
	GoBack   Choice = "rollback"
)

// Step is one weight of the candidate and how long it is watched.
type Step struct {
	Weight release.Weight `yaml:"weight" help:"Share of the traffic for the candidate, in percent." json:"weight"`
	Bake   time.Duration  `yaml:"bake" help:"Time under passing gates before the step is over." json:"bake"`

	Hold     bool   `yaml:"hold" help:"Whether to end with this weight when the step is over, so that somebody looks; running the shift again goes on." default:"false" json:"hold,omitempty"`
	Approval string `yaml:"approval" help:"Role that must approve in this run before the weight is set; meanwhile the gates watch the weight before. Its environment is named after the target and the role, such as production-half." json:"approval,omitempty"`
}

// String prints the step, such as "10% for 5m0s".
func (s Step) String() string { return fmt.Sprintf("%v for %v", s.Weight, s.Bake) }

// maxObserve bounds the proof of one weight, which loads the live balancer.
const maxObserve = 100_000

// Check refuses steps that do not lead to 100, and times that cannot be kept.
func (s Settings) Check() error {
	return errors.Join(
		s.checkSteps(),
		s.checkTimes(),
		s.checkWaits(),
		s.Validation.Check(),
		oneOf("on-low-traffic", s.OnLowTraffic, Continue, Hold),
		oneOf("on-interrupt", s.OnInterrupt, GoBack, Hold),
	)
}

func (s Settings) checkSteps() error {
	if len(s.Steps) == 0 {
		return errors.New("steps: want at least one, the last with weight 100")
	}
	var problems []error
	before := release.Weight(0)
	for i, step := range s.Steps {
		if step.Weight <= before || step.Weight > 100 {
			problems = append(problems, fmt.Errorf("steps[%d]: weight %v after %v: want weights that rise, from 1 to 100", i, step.Weight, before))
		}
		if step.Bake < 0 {
			problems = append(problems, fmt.Errorf("steps[%d]: bake %v: want 0 or more", i, step.Bake))
		}
		before = step.Weight
	}
	if before != 100 {
		problems = append(problems, fmt.Errorf("steps: the last weight is %v: want 100", before))
	}
	return errors.Join(problems...)
}

func (s Settings) checkTimes() error {
	var problems []error
	if s.Tick < 10*time.Millisecond || s.Tick > time.Minute {
		problems = append(problems, fmt.Errorf("tick %v: want 10ms to 1m", s.Tick))
	}
	if s.MaxPause <= 0 {
		problems = append(problems, fmt.Errorf("max-pause %v: want more than 0", s.MaxPause))
	}
	if s.MaxBake < 0 {
		problems = append(problems, fmt.Errorf("max-bake %v: want 0 or more", s.MaxBake))
	}
	if s.Observe < 1 || s.Observe > maxObserve {
		problems = append(problems, fmt.Errorf("observe %d: want 1 to %d requests", s.Observe, maxObserve))
	}
	return errors.Join(problems...)
}

// checkWaits refuses waits that somebody else keeps, or that never end.
func (s Settings) checkWaits() error {
	var problems []error
	for i, step := range s.Steps {
		if i == 0 && step.Approval != "" {
			problems = append(problems, errors.New("steps[0]: approval: want none, since nothing is there to be watched meanwhile: a role that signs off before the shift is asked instead"))
		}
		if i == len(s.Steps)-1 && step.Hold {
			problems = append(problems, fmt.Errorf("steps[%d]: hold: want none at the last step, which ends all the same", i))
		}
	}
	waits := slices.ContainsFunc(s.Steps, func(step Step) bool { return step.Approval != "" })
	if waits && s.ApprovalTimeout <= 0 {
		problems = append(problems, fmt.Errorf("approval-timeout %v: want more than 0", s.ApprovalTimeout))
	}
	return errors.Join(problems...)
}

func oneOf(key string, have Choice, a, b Choice) error {
	if have != a && have != b {
		return fmt.Errorf("%s %q: want %s or %s", key, have, a, b)
	}
	return nil
}

// longest is how long a step may last for lack of traffic.
func (s Settings) longest(step Step) time.Duration {
	if s.MaxBake > 0 {
		return max(s.MaxBake, step.Bake)
	}
	return 2 * step.Bake
}

// Weights lists the weights of the steps, for balancers that must know them in
// advance.
func (s Settings) Weights() []release.Weight {
	var all []release.Weight
	for _, step := range s.Steps {
		all = append(all, step.Weight)
	}
	return all
}
