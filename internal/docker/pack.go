package docker

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// outside is the name in the archive of a Dockerfile that is not in the context.
const outside = ".bluegreen.Dockerfile"

// pack streams a build context as an archive: without what .dockerignore
// excludes, with the Dockerfile in any case, and with root as the owner, so that
// the cache does not depend on who builds. It returns the Dockerfile's name in it.
func pack(context, dockerfile string) (io.ReadCloser, string, error) {
	name, err := filepath.Rel(context, dockerfile)
	if err != nil {
		return nil, "", fmt.Errorf("find %s from %s: %w", dockerfile, context, err)
	}
	p := &packer{root: context, always: map[string]bool{".dockerignore": true}}
	if filepath.IsLocal(name) {
		name = filepath.ToSlash(name)
		p.always[name] = true
	} else {
		name, p.extra = outside, dockerfile
	}
	if p.ignored, err = ignored(context, dockerfile); err != nil {
		return nil, "", err
	}
	out, in := io.Pipe()
	go func() { in.CloseWithError(p.write(in)) }()
	return out, name, nil
}

// ignored reads the Dockerfile's own ignore file, else the context's.
func ignored(context, dockerfile string) (*patternmatcher.PatternMatcher, error) {
	for _, path := range []string{dockerfile + ".dockerignore", filepath.Join(context, ".dockerignore")} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer file.Close()
		patterns, err := ignorefile.ReadAll(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		return patternmatcher.New(patterns)
	}
	return patternmatcher.New(nil)
}

// packer writes one archive.
type packer struct {
	root    string
	extra   string // a Dockerfile outside
	always  map[string]bool
	ignored *patternmatcher.PatternMatcher
	out     *tar.Writer
}

func (p *packer) write(to io.Writer) error {
	p.out = tar.NewWriter(to)
	if err := filepath.WalkDir(p.root, p.visit); err != nil {
		return fmt.Errorf("pack %s: %w", p.root, err)
	}
	if p.extra != "" {
		if err := p.add(p.extra, outside); err != nil {
			return fmt.Errorf("pack %s: %w", p.extra, err)
		}
	}
	return p.out.Close()
}

func (p *packer) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil || path == p.root {
		return err
	}
	rel, err := filepath.Rel(p.root, path)
	if err != nil {
		return err
	}
	name := filepath.ToSlash(rel)
	skip, err := p.ignored.MatchesOrParentMatches(name)
	if err != nil {
		return err
	}
	if !skip || p.always[name] {
		return p.add(path, name)
	}
	if entry.IsDir() && !p.ignored.Exclusions() && !p.holdsWanted(name) {
		return fs.SkipDir
	}
	return nil
}

func (p *packer) holdsWanted(folder string) bool {
	for name := range p.always {
		if strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return false
}

func (p *packer) add(path, name string) error {
	about, err := os.Lstat(path)
	if err != nil {
		return err
	}
	target := ""
	if about.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(path); err != nil {
			return err
		}
	}
	if !about.Mode().IsRegular() && !about.IsDir() && target == "" {
		return nil // sockets and devices have no place in a context
	}
	header, err := tar.FileInfoHeader(about, target)
	if err != nil {
		return err
	}
	header.Name, header.Uid, header.Gid, header.Uname, header.Gname = name, 0, 0, "", ""
	if about.IsDir() {
		header.Name += "/"
	}
	if err := p.out.WriteHeader(header); err != nil || !about.Mode().IsRegular() {
		return err
	}
	return p.copy(path)
}

func (p *packer) copy(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(p.out, file)
	return err
}
