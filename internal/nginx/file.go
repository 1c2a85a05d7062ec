package nginx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// write makes a file with a name of its own, whose text is durable. The caller
// renames it, and makes the name durable.
func write(dir, pattern string, text []byte, mode fs.FileMode) (path string, err error) {
	file, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return "", err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if _, err := file.Write(text); err != nil {
		return "", err
	}
	if err := file.Chmod(mode); err != nil {
		return "", err
	}
	if len(text) == 0 { // a marker has nothing to lose, and its rename is waited for
		return file.Name(), nil
	}
	return file.Name(), file.Sync()
}

// replace writes a file outside the state folder, and says whether it changed.
func replace(f File) (changed bool, err error) {
	have, err := os.ReadFile(f.Path)
	if err == nil && string(have) == f.Text {
		return false, os.Chmod(f.Path, f.Mode)
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), folderMode); err != nil {
		return false, err
	}
	temp, err := write(filepath.Dir(f.Path), "."+filepath.Base(f.Path)+".*", []byte(f.Text), f.Mode)
	if err != nil {
		return false, err
	}
	if err := os.Rename(temp, f.Path); err != nil {
		return false, errors.Join(err, os.Remove(temp))
	}
	return true, syncFolder(filepath.Dir(f.Path))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
