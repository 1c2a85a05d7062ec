package lab

import (
	"fmt"
	"os"
	"path/filepath"
)

// Home is the folder of the shared lab: $BLUEGREEN_LAB, else /var/cache/bluegreen-lab
// for root, else bluegreen-lab in the user's cache folder. For root it is not in
// the home directory, since PostgreSQL and nginx's workers run as other users
// and could not reach it there.
func Home() (string, error) {
	if dir := os.Getenv("BLUEGREEN_LAB"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return "/var/cache/bluegreen-lab", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the lab's folder: %w: set BLUEGREEN_LAB", err)
	}
	return filepath.Join(cache, "bluegreen-lab"), nil
}

// folder makes a folder that other users can read, whatever the umask is.
func folder(path ...string) (string, error) {
	dir := filepath.Join(path...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// reachable refuses a folder that other users cannot get to. It matters for
// root only: anybody else runs the services under the own name.
func reachable(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("folder %s: services that do not run as root cannot pass %s (mode %v): choose another, or run chmod o+x %s",
				dir, at, info.Mode().Perm(), at)
		}
	}
	return nil
}

// replace writes a file by way of a temporary one, so that it is never half there.
func replace(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
