package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	folder "path"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// Write implements statefolder.Disk.
func (h *Host) Write(ctx context.Context, path string, text []byte, mode fs.FileMode) error {
	return do(ctx, h, func(c *connection, again bool) error {
		err := c.create(path, mode)
		if again && errors.Is(err, fs.ErrExist) { // of the first time, however far that came
			err = nil
		}
		if err != nil {
			return about("write", path, err)
		}
		if err := c.fill(path, text, mode); err != nil {
			return about("write", path, errors.Join(err, c.files.Remove(path)))
		}
		return nil
	})
}

// placeScript writes a file under another name, and gives it its own when it has
// all of its text and a place on the disk. Where the network is long, one script
// is worth a dozen requests. The text is an argument, and no input that could be
// cut short.
const placeScript = `dir=${2%/*}
[ -d "$dir" ] || exit 66
[ -w "$dir" ] || exit 77
umask 077
printf %s "$4" >"$1" && chmod "$3" "$1" && sync "$1" && mv -fT "$1" "$2" && sync "$dir" || { rm -f "$1"; exit 1; }`

// placeMost is the longest text that is an argument of a script, in bytes: Linux
// allows 128 KiB for each.
const placeMost = 32 << 10

// Place is Write, Rename and Sync in one go, but for a secret: arguments are seen
// by others.
func (h *Host) Place(ctx context.Context, temp, path string, text []byte, mode fs.FileMode) error {
	if secret := mode&0o077 == 0; secret || len(text) > placeMost || bytes.IndexByte(text, 0) >= 0 {
		return h.placeInSteps(ctx, temp, path, text, mode)
	}
	return do(ctx, h, func(c *connection, _ bool) error { // again it is another new file, which is as good
		_, err := c.output(placeScript, temp, path, fmt.Sprintf("%o", mode.Perm()), string(text))
		return about("write", path, err)
	})
}

func (h *Host) placeInSteps(ctx context.Context, temp, path string, text []byte, mode fs.FileMode) error {
	if err := h.Write(ctx, temp, text, mode); err != nil {
		return err
	}
	if err := h.Rename(ctx, temp, path); err != nil {
		return errors.Join(err, h.Remove(ctx, temp))
	}
	return h.Sync(ctx, folder.Dir(path))
}

// create makes an empty file. One that others must not read is never readable
// for them, for which SFTP has no way.
func (c *connection) create(path string, mode fs.FileMode) error {
	if mode&0o077 == 0 {
		_, err := c.output(`[ ! -e "$1" ] || exit 73; umask 077; set -C; : >"$1"`, path)
		return err
	}
	file, err := c.files.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err == nil {
		return file.Close()
	}
	if _, statErr := c.files.Lstat(path); statErr == nil { // SFTP has no word for it
		return fs.ErrExist
	}
	return err
}

func (c *connection) fill(path string, text []byte, mode fs.FileMode) error {
	if err := c.files.Chmod(path, mode); err != nil || len(text) == 0 {
		return err // an empty file has nothing to lose, and its rename is waited for
	}
	file, err := c.files.OpenFile(path, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// Rename implements statefolder.Disk.
func (h *Host) Rename(ctx context.Context, from, to string) error {
	return do(ctx, h, func(c *connection, again bool) error {
		err := c.files.PosixRename(from, to)
		if again && errors.Is(err, fs.ErrNotExist) {
			_, err = c.files.Lstat(to) // nobody else knows the name that it had: it was done the first time
		}
		return about("rename", from, err)
	})
}

// Remove implements statefolder.Disk.
func (h *Host) Remove(ctx context.Context, path string) error {
	return do(ctx, h, func(c *connection, again bool) error {
		err := c.files.Remove(path)
		if again && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return about("remove", path, err)
	})
}

// Sync implements statefolder.Disk.
func (h *Host) Sync(ctx context.Context, dir string) error {
	return do(ctx, h, func(c *connection, _ bool) error {
		file, err := c.files.Open(dir)
		if err != nil {
			return about("sync", dir, err)
		}
		return about("sync", dir, errors.Join(file.Sync(), file.Close()))
	})
}

// Make implements statefolder.Disk.
func (h *Host) Make(ctx context.Context, dir string, mode fs.FileMode) error {
	return do(ctx, h, func(c *connection, _ bool) error {
		if err := c.files.MkdirAll(dir); err != nil {
			return about("make", dir, err)
		}
		return about("chmod", dir, c.files.Chmod(dir, mode))
	})
}

// Chmod implements statefolder.Disk.
func (h *Host) Chmod(ctx context.Context, path string, mode fs.FileMode) error {
	return do(ctx, h, func(c *connection, _ bool) error {
		return about("chmod", path, c.files.Chmod(path, mode))
	})
}

// most is the longest file that is read, in bytes. Those of a state folder and
// generated configurations are far shorter.
const most = 4 << 20

// Read implements statefolder.Disk.
func (h *Host) Read(ctx context.Context, path string) ([]byte, error) {
	return ask(ctx, h, func(c *connection, _ bool) ([]byte, error) {
		file, err := c.files.Open(path)
		if err != nil {
			return nil, about("read", path, err)
		}
		text, err := io.ReadAll(io.LimitReader(file, most))
		return text, about("read", path, errors.Join(err, file.Close()))
	})
}

// List implements statefolder.Disk.
func (h *Host) List(ctx context.Context, dir string) ([]statefolder.Entry, error) {
	return ask(ctx, h, func(c *connection, _ bool) (all []statefolder.Entry, err error) {
		infos, err := c.files.ReadDir(dir)
		for _, info := range infos {
			all = append(all, entry(info))
		}
		return all, about("list", dir, err)
	})
}

// Stat implements statefolder.Disk.
func (h *Host) Stat(ctx context.Context, path string) (statefolder.Entry, error) {
	return ask(ctx, h, func(c *connection, _ bool) (statefolder.Entry, error) {
		info, err := c.files.Stat(path)
		if err != nil {
			return statefolder.Entry{}, about("stat", path, err)
		}
		return entry(info), nil
	})
}

func entry(info fs.FileInfo) statefolder.Entry {
	return statefolder.Entry{Name: info.Name(), Mode: info.Mode(), Changed: info.ModTime()}
}

// Identify implements statefolder.Disk.
func (h *Host) Identify(ctx context.Context, path string) (string, error) {
	return ask(ctx, h, func(c *connection, _ bool) (string, error) {
		id, err := c.output(`[ -e "$1" ] || exit 66; exec stat -c '%d %i %y' "$1"`, path)
		return id, about("stat", path, err)
	})
}

// Volatile implements statefolder.Disk.
func (h *Host) Volatile(ctx context.Context, dir string) (bool, error) {
	return ask(ctx, h, func(c *connection, _ bool) (bool, error) {
		kind, err := c.output(`[ -e "$1" ] || exit 66; exec stat -f -c %T "$1"`, dir)
		kind = strings.TrimSpace(kind)
		return kind == "tmpfs" || kind == "ramfs", about("stat", dir, err)
	})
}

// about names what was done to which file, as the errors of this host do.
func about(op, path string, err error) error {
	var status *sftp.StatusError
	if errors.As(err, &status) && status.FxCode() == sftp.ErrSSHFxFailure {
		err = errors.Join(errors.New("the host says no more than that it failed: see that its disk is not full"), err)
	}
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// The exit statuses of our scripts, as sysexits.h has them.
const (
	missing = 66
	exists  = 73
	busy    = 75
	denied  = 77
)

// told makes of the end of a script what it stands for.
func told(err error, stderr string) error {
	var exit *ssh.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	switch exit.ExitStatus() {
	case missing:
		return fs.ErrNotExist
	case exists:
		return fs.ErrExist
	case denied:
		return fs.ErrPermission
	}
	return fmt.Errorf("%s: %w", strings.TrimSpace(stderr), exit)
}
