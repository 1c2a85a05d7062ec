package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// aptInstall installs packages, one process of the machine at a time.
func aptInstall(ctx context.Context, log io.Writer, missing []need) error {
	dir, err := folder("/var/cache/bluegreen-lab")
	if err != nil {
		return err
	}
	release, err := lock(ctx, filepath.Join(dir, "install.lock"), alone)
	if err != nil {
		return err
	}
	defer release()
	packages := collect(missing, func(n need) string { return n.apt })
	fmt.Fprintf(log, "installing %s …\n", join(missing, func(n need) string { return n.apt }))
	begin := time.Now()
	if err := withoutStarting(func() error { return apt(ctx, packages) }); err != nil {
		return err
	}
	fmt.Fprintf(log, "installed in %.0f s\n", time.Since(begin).Seconds())
	return nil
}

// apt reads the lists of packages only when what it has does not suffice.
func apt(ctx context.Context, packages []string) error {
	install := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
	if aptGet(ctx, install...) == nil {
		return nil
	}
	if err := aptGet(ctx, "update"); err != nil {
		return err
	}
	return aptGet(ctx, install...)
}

func aptGet(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Minute, errors.New("no end within 20 minutes"))
	defer cancel()
	return process.Run(ctx, process.Command{
		Path: find("apt-get"),
		Args: append(args, "-q", "-o", "DPkg::Lock::Timeout=300"),
		Env:  []string{"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"},
	})
}

// policy is the program that Debian's packages ask before they start a service.
// It is a variable for the test.
var policy = "/usr/sbin/policy-rc.d"

const mark = "# Written by bluegreen-lab while it installs packages."

// A policy of ours forbids every start, but only while this process lives: one
// that a killed process left behind behaves as the one before it.
const denial = `#!/bin/sh
` + mark + `
kill -0 %d 2>/dev/null && exit 101
if [ -x %[2]q ]; then exec %[2]q "$@"; fi
exit 0
`

// withoutStarting runs f while packages may not start services, and puts back
// what was there.
func withoutStarting(f func() error) error {
	before := policy + ".before-bluegreen-lab"
	if err := undo(before); err != nil {
		return err
	}
	if err := os.Rename(policy, before); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := replace(policy, fmt.Appendf(nil, denial, os.Getpid(), before), 0o755); err != nil {
		return errors.Join(err, undo(before))
	}
	return errors.Join(f(), undo(before))
}

// undo removes a policy of ours and puts back the one before it, if there was
// one. It does nothing when nothing is ours.
func undo(before string) error {
	text, err := os.ReadFile(policy)
	if err == nil && bytes.Contains(text, []byte(mark)) {
		err = os.Remove(policy)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(before, policy); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
