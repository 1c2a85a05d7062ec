package ssh

import "time"

// What reads text from outside.
var (
	ParseTarget = func(text string) (string, error) { t, err := parseTarget(text); return t.String(), err }
	ParseTime   = func(text string) (time.Time, error) { return parseTime(text) }
	Quote       = quote
)
