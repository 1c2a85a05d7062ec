package action

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
)

// A masked value is dangerous when it is common: it becomes *** wherever it
// happens to stand, and GitHub silently drops an output that holds it. Only the
// first phase looks for such values: nothing later, and no rollback, is held up.

// weakest is the length from which a value of hexadecimal digits does not stand
// in a digest or a commit by chance: of eight digits, once in 70 million digests.
const weakest = 8

var hexadecimal = regexp.MustCompile(`^[0-9a-fA-F]+$`)

// maskable is whether a value of the bundle is masked: neither is one that is
// too short, nor a word that is no secret whoever calls it one.
func maskable(value string) bool {
	common := []string{"true", "false", "none", "blue", "green", "main", "production", "staging", "localhost", "postgres", "redis", "debug", "info", "warn", "error", "https", "http"}
	return runner.Maskable(value) && !slices.Contains(common, strings.ToLower(value))
}

// harmless refuses the secrets of the bundle that would be masked in the
// release's own name, or by chance in a digest.
func (p Phase) harmless(v values, repository string) error {
	if !p.First {
		return nil
	}
	named := names(v.secret, func(value string) bool {
		return maskable(value) && strings.Contains(strings.ReplaceAll(repository, "/", "-"), value)
	})
	if len(named) > 0 {
		return release.Reject("give what is no secret in the input vars, and keep "+bundle+" for secrets",
			"%s: the value of %s is part of the repository's name, and would be masked in every output", bundle, strings.Join(named, ", "))
	}
	short := names(v.secret, func(value string) bool {
		return maskable(value) && len(value) < weakest && hexadecimal.MatchString(value)
	})
	if len(short) > 0 {
		return release.Reject("give it in the input vars if it is no secret, else make it longer",
			"%s: the value of %s has fewer than %d characters, all of them digits of a digest, and would be masked in some of them", bundle, strings.Join(short, ", "), weakest)
	}
	return nil
}

// unmasked warns of values that nobody hides, and of names that are given twice.
func (p Phase) unmasked(v values, job *Job) {
	if !p.First {
		return
	}
	if bare := names(v.secret, func(value string) bool { return value != "" && !maskable(value) }); len(bare) > 0 {
		job.Warn("bluegreen "+p.Name, bundle+": the value of "+strings.Join(bare, ", ")+" is not masked, since it is too short or too common: give it in the input vars if it is no secret, else make it longer")
	}
	twice := names(v.plain, func(string) bool { return true })
	twice = slices.DeleteFunc(twice, func(name string) bool { _, secret := v.secret[name]; return !secret })
	if len(twice) > 0 {
		job.Warn("bluegreen "+p.Name, "input vars: "+strings.Join(twice, ", ")+" is in "+bundle+", too, which counts: give it once")
	}
}

// names lists the variables whose value is as wanted.
func names(of map[string]string, wanted func(value string) bool) []string {
	var all []string
	for name, value := range of {
		if wanted(value) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// legible looks for a masked value in a record: the next job would read *** where
// a version or a digest was. The first phase refuses, later ones warn.
func (p Phase) legible(job *Job, record string) error {
	const remedy = "find the secret that is a common word: in " + bundle + ", or the password in a URL; give what is no secret in the input vars, and make the rest longer"
	switch {
	case job.redact(record) == record:
		return nil
	case p.First:
		return release.Refuse(remedy, "write the record of the release: a masked value stands in it")
	}
	job.Warn("bluegreen "+p.Name, "a masked value stands in the record of the release, and is *** for the next job: "+remedy)
	return nil
}
