package container

import "testing"

func TestFind(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for why, c := range map[string]struct{ mounts, want string }{
		"docker":           {"1 2 3:4 /var/lib/docker/containers/" + id + "/hostname /etc/hostname rw - ext4 /dev/sda1 rw", "0123456789ab"},
		"another root":     {"1 2 3:4 /containers/" + id + "/hosts /etc/hosts rw", "0123456789ab"},
		"no container":     {"1 2 3:4 / / rw - ext4 /dev/sda1 rw", ""},
		"a shorter number": {"/containers/0123456789ab/hosts", ""},
	} {
		if got := find(c.mounts); got != c.want {
			t.Errorf("%s: %q, want %q", why, got, c.want)
		}
	}
	if Name("given") != "given" || Name("") == "" {
		t.Error("a name that is given should stay, and one that is not should be found")
	}
}
