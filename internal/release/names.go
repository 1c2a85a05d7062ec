package release

import (
	"fmt"
	"regexp"
)

// Digest is the content address of an image manifest in a registry, such as
// sha256:<64 hex digits>. An image id of a local daemon is not a Digest.
type Digest string

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// UnmarshalText refuses everything but a sha256 digest.
func (d *Digest) UnmarshalText(text []byte) error {
	if !digestForm.Match(text) {
		return fmt.Errorf("digest %q: want sha256: and 64 hex digits", text)
	}
	*d = Digest(text)
	return nil
}

// Short is the first 12 hex digits, for people.
func (d Digest) Short() string {
	const prefix, digits = len("sha256:"), 12
	if len(d) < prefix+digits {
		return string(d)
	}
	return string(d[prefix : prefix+digits])
}

// Commit is a full git commit id, SHA-1 or SHA-256.
type Commit string

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// UnmarshalText refuses abbreviated ids and names of branches.
func (c *Commit) UnmarshalText(text []byte) error {
	if !commitForm.Match(text) {
		return fmt.Errorf("commit %q: want the full commit id, 40 or 64 hex digits", text)
	}
	*c = Commit(text)
	return nil
}

// Short is the first 12 hex digits, for people.
func (c Commit) Short() string { return string(c[:min(len(c), 12)]) }

// Version is the name of what is released, such as v1.2.0. It becomes an image
// tag, so it has a tag's form; "latest" is refused, since it names nothing.
type Version string

// Source of the form: the OCI distribution specification, <reference> as a tag.
var versionForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// UnmarshalText refuses what cannot be an image tag, and "latest".
func (v *Version) UnmarshalText(text []byte) error {
	if !versionForm.Match(text) {
		return fmt.Errorf("version %q: want letters, digits, dots, dashes or underscores, at most 128", text)
	}
	if string(text) == "latest" {
		return fmt.Errorf("version %q names no version: want one such as v1.2.0", text)
	}
	*v = Version(text)
	return nil
}

// ID names one attempt to bring one version live: <repository>-<run id>. It is
// used in file names, labels and keys, so it has letters, digits, dots, dashes
// and underscores only, at most 200.
type ID string

var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// UnmarshalText refuses what is unfit for a file name.
func (id *ID) UnmarshalText(text []byte) error {
	if !idForm.Match(text) {
		return fmt.Errorf("release id %q: want letters, digits, dots, dashes or underscores, at most 200", text)
	}
	*id = ID(text)
	return nil
}

// Adopted stands for what is live and was brought there by no release.
const Adopted ID = "none"

// Named is the release in a sentence, such as "release acme-shop-7".
func (id ID) Named() string {
	if id == Adopted {
		return "what no release has brought there"
	}
	return "release " + string(id)
}
