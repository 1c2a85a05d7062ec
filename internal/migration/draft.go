package migration

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// draftPrefix begins the name of what is being written, so that nothing half
// made ever has the name of a backup.
const draftPrefix = ".draft-"

// draft is a file that is being written. It is locked while its writer lives, so
// that nobody takes it for a leftover.
type draft struct {
	file *os.File
	hash hash.Hash
	size int64
	err  error // the first of a write, which a child process cannot report
}

func (s shelf) draft() (*draft, error) {
	f, err := os.CreateTemp(s.dir, draftPrefix+"*") // with mode 0600
	if err != nil {
		return nil, fmt.Errorf("create backup: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock backup %s: %w", f.Name(), err)
	}
	return &draft{file: f, hash: sha256.New()}, nil
}

// Write appends to the file and to its checksum.
func (d *draft) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	d.hash.Write(p[:n])
	d.size += int64(n)
	d.err = cmp.Or(d.err, err)
	return n, err
}

func (d *draft) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// discard removes the draft. What was renamed stays.
func (d *draft) discard() {
	os.Remove(d.file.Name())
	d.file.Close()
}

// place gives the verified file its name, behind its manifest, so that a backup
// that can be seen always has one.
func (s shelf) place(d *draft, m Manifest) error {
	if _, err := os.Lstat(s.path(m.Name)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("name backup %s: there is a file of that name", m.Name)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := s.write(m.Name+manifestSuffix, append(text, '\n')); err != nil {
		return err
	}
	if err := os.Rename(d.file.Name(), s.path(m.Name)); err != nil {
		return err
	}
	return syncFolder(s.dir)
}

func (s shelf) write(name string, text []byte) error {
	d, err := s.draft()
	if err != nil {
		return err
	}
	defer d.discard()
	if _, err := d.Write(text); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	return os.Rename(d.file.Name(), s.path(name))
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// sweep removes what killed writers have left: drafts that nobody has locked, and
// manifests whose backup was never named.
func (s shelf) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read backup folder: %w", err)
	}
	for _, e := range entries {
		path := s.path(e.Name())
		if strings.HasPrefix(e.Name(), draftPrefix) && abandoned(path) || orphaned(path) {
			os.Remove(path)
		}
	}
	return nil
}

// orphaned tells whether path is a manifest without a backup, and old enough that
// nobody is about to name it.
func orphaned(path string) bool {
	backup, is := strings.CutSuffix(path, dumpSuffix+manifestSuffix)
	info, err := os.Lstat(path)
	if !is || err != nil || time.Since(info.ModTime()) < time.Hour {
		return false
	}
	_, err = os.Lstat(backup + dumpSuffix)
	return errors.Is(err, fs.ErrNotExist)
}

func abandoned(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// checksum is the SHA-256 of a file as it is on the disk now.
func checksum(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), n, err
}
