package queue

import (
	"cmp"
	"errors"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section queue of the configuration.
type Settings struct {
	URL        release.Secret `yaml:"url" help:"redis:// or rediss:// URL of the queue; empty when the application has none."`
	Name       string         `yaml:"name" help:"Key that jobs wait under: a list, a sorted set or a stream." default:"email_queue"`
	Processing string         `yaml:"processing" help:"Prefix of the lists of jobs in work; the name and :processing: when empty."`
	Delayed    string         `yaml:"delayed" help:"Key of the jobs that wait for their next attempt; the name and :retry when empty."`
	Parked     string         `yaml:"parked" help:"Key of the jobs that no worker understood; the name and :parked when empty."`
	Kind       []string       `yaml:"kind" help:"Fields of a job's JSON that name its kind, such as type and version; parked jobs are counted by it." default:"[type, version]"`
	Produced   string         `yaml:"produced" help:"Key of the counter of all jobs ever put into the queue, if the application keeps one: a number, or a hash of numbers."`
	Done       string         `yaml:"done" help:"Prefix of the counters of jobs that are done with, one for each slot, if the application keeps them: a number, or a hash of numbers; such as email_queue:totals: for email_queue:totals:blue."`
}

// Check refuses a queue without a name.
func (s Settings) Check() error {
	if s.URL != "" && s.Name == "" {
		return errors.New("name is empty: want the key that jobs wait under, such as email_queue")
	}
	return nil
}

func (s Settings) processing() string { return cmp.Or(s.Processing, s.Name+":processing:") }
func (s Settings) delayed() string    { return cmp.Or(s.Delayed, s.Name+":retry") }
func (s Settings) parked() string     { return cmp.Or(s.Parked, s.Name+":parked") }
