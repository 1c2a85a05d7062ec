package workflow

import "regexp"

var ownPath = regexp.MustCompile(`(?m)^(\s*(?:-\s+)?uses:\s*["']?)\$/([^\s"'#@]+)`)

// Rewrite returns the text of a workflow or action in which every path of the
// own repository, such as $/actions/shift, is written out with repository
// (owner/name) and ref, such as acme/bluegreen/actions/shift@v1. Everything else
// stays as it is.
func Rewrite(text, repository, ref string) string {
	return ownPath.ReplaceAllStringFunc(text, func(line string) string {
		m := ownPath.FindStringSubmatch(line)
		return m[1] + repository + "/" + m[2] + "@" + ref
	})
}
