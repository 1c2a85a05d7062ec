package runnertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step is what a step left behind: its log and the texts of its two files.
type Step struct{ Log, Output, Summary string }

// maxSummary is the size of a summary that GitHub still shows, in bytes.
const maxSummary = 1 << 20

// Forged lists what is in a step that nobody but we may put there. An own command
// is an annotation whose title begins with bluegreen or that is about a migration, a
// group, or the masking of a part of the secrets; an own output is one of the names.
func (s Step) Forged(names []string, secrets string) []string {
	all := Live(s.Summary)
	if len(s.Summary) > maxSummary {
		all = append(all, fmt.Sprintf("a summary of %d bytes, which GitHub does not show", len(s.Summary)))
	}
	commands, _ := Read(s.Log)
	for _, c := range commands {
		if !c.own(secrets) {
			all = append(all, fmt.Sprintf("command %s %v %q", c.Name, c.Properties, c.Data))
		}
	}
	outputs, err := Outputs(s.Output)
	if err != nil {
		return append(all, err.Error())
	}
	if got := slices.Sorted(maps.Keys(outputs)); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		all = append(all, fmt.Sprintf("outputs %q", got))
	}
	for name, value := range outputs {
		if strings.ContainsAny(value, "\r\n") {
			all = append(all, fmt.Sprintf("output %s has more than one line: %q", name, value))
		}
	}
	return all
}

func (c Command) own(secrets string) bool {
	switch c.Name {
	case "error", "warning", "notice":
		return strings.HasPrefix(c.Properties["title"], "bluegreen ") || strings.HasSuffix(c.Properties["file"], ".sql")
	case "group", "endgroup":
		return len(c.Properties) == 0
	case "add-mask":
		return len(c.Data) >= 4 && strings.Contains(secrets, c.Data)
	}
	return false
}
