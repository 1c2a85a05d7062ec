package finalize

import (
	"fmt"
	"slices"
)

// Stage is what finalize does.
type Stage string

// The stages.
const (
	Idle    Stage = "idle"
	Check   Stage = "check"
	Clean   Stage = "clean"
	Destroy Stage = "destroy"
	Due     Stage = "due" // clean and destroy, each when it is due
)

// UnmarshalText accepts the stages.
func (s *Stage) UnmarshalText(text []byte) error {
	if *s = Stage(text); !slices.Contains([]Stage{Idle, Check, Clean, Destroy, Due}, *s) {
		return fmt.Errorf("stage %q: want idle, check, clean, destroy or due", text)
	}
	return nil
}
