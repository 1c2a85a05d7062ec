package haproxy

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// File is one generated file of the configuration.
type File struct {
	Path string
	Text string
	Mode fs.FileMode
}

//go:embed backend.cfg
var backendText string

var backends = template.Must(template.New("backend.cfg").Parse(backendText))

// Config is the configuration for the settings: a backend for each service,
// bluegreen_NAME, and the secret of the preview in a file of its own, which only
// HAProxy's master reads. Any weight is possible.
func Config(s Settings) []File {
	files := []File{{s.Config, newView(s).text(), statefolder.FileMode}}
	if s.Preview != "" {
		files = append(files, File{previewFile(s), s.Preview.Reveal() + "\n", 0o600})
	}
	return files
}

func previewFile(s Settings) string {
	return strings.TrimSuffix(s.Config, filepath.Ext(s.Config)) + ".preview"
}

// view is what the template sees.
type view struct {
	Settings
	Map         string
	Names       []string
	Slots       []release.Slot
	PreviewFile string
	Hash        string // of the configuration without the secret
}

func newView(s Settings) view {
	v := view{
		Settings:    s,
		Map:         filepath.Join(s.State, mapFile),
		Names:       slices.Sorted(maps.Keys(s.Services)),
		Slots:       release.Slots[:],
		PreviewFile: previewFile(s),
	}
	sum := sha256.Sum256([]byte(v.text()))
	v.Hash = hex.EncodeToString(sum[:6])
	return v
}

// Hosts is where a service listens in a slot.
func (v view) Hosts(service string, slot release.Slot) []Address { return v.Services[service].of(slot) }

func (v view) text() string {
	var b bytes.Buffer
	if err := backends.Execute(&b, v); err != nil {
		panic(err) // the template is part of the program
	}
	return b.String()
}
