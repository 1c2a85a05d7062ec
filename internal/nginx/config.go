package nginx

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// File is one generated file of the configuration.
type File struct {
	Path string
	Text string
	Mode fs.FileMode
}

// The generated files, by their ending.
const (
	serverEnding  = ".server"  // included by each server that is split
	defaultEnding = ".default" // included by it: the slot without any marker
	previewEnding = ".preview" // included at the http level: who may see the idle slot
)

//go:embed http.conf server.conf
var texts embed.FS

var templates = template.Must(template.ParseFS(texts, "*.conf"))

// Config is the configuration for the settings and the steps, which may be any,
// with live as the slot that has the traffic without any marker. Include the
// first file at the http level, unless nginx does so by itself, and the second
// in each server.
func Config(s Settings, steps []release.Weight, live release.Slot) []File {
	v := newView(s, steps)
	files := []File{
		{s.Config, v.text("http.conf"), 0o644},
		{v.ServerFile, v.text("server.conf"), 0o644},
		{v.DefaultFile, defaultText(live), 0o644},
	}
	if s.Preview != "" {
		files = append(files, File{v.PreviewFile, previewText(s.Preview), 0o600})
	}
	return files
}

// beside is the path of a generated file. The ending keeps it from being
// included together with the one at the http level.
func beside(config, ending string) string {
	return strings.TrimSuffix(config, filepath.Ext(config)) + ending
}

func defaultText(live release.Slot) string {
	return "set $bluegreen_slot " + string(live) + ";\nset $bluegreen_idle " + string(live.Other()) + ";\n"
}

func previewText(secret release.Secret) string {
	const line = "map $%s_bluegreen_preview $bluegreen_%s_preview { default 0; \"~^%s$\" 1; }\n"
	value := secret.Reveal()
	return fmt.Sprintf(line, "http_x", "header", value) + fmt.Sprintf(line, "cookie", "cookie", value)
}

// view is what the templates see.
type view struct {
	Settings
	Markers     []condition
	Steps       []condition // those that split
	Pools       []pool
	Names       []string
	Key         string
	ServerFile  string
	DefaultFile string
	PreviewFile string
	Hash        string // of the configuration without the default slot and the secret
}

// condition is one marker in the configuration.
type condition struct {
	File, Slot, Idle, Variable string
	Weight                     release.Weight
	Live                       bool
}

// pool is one upstream.
type pool struct {
	Name      string
	Addresses []Address
}

func newView(s Settings, steps []release.Weight) view {
	v := view{
		Settings:    s,
		Names:       slices.Sorted(maps.Keys(s.Services)),
		Key:         map[Split]string{ByCookie: "$bluegreen_client", ByClient: "$remote_addr", Random: "$request_id"}[s.Split],
		ServerFile:  beside(s.Config, serverEnding),
		DefaultFile: beside(s.Config, defaultEnding),
		PreviewFile: beside(s.Config, previewEnding),
	}
	for _, m := range order(steps) {
		c := conditionOf(s.State, m)
		v.Markers = append(v.Markers, c)
		if m.kind == step {
			v.Steps = append(v.Steps, c)
		}
	}
	for _, name := range v.Names {
		for _, slot := range release.Slots {
			v.Pools = append(v.Pools, pool{"bluegreen_" + name + "_" + string(slot), s.Services[name].of(slot)})
		}
	}
	sum := sha256.Sum256([]byte(v.text("http.conf") + v.text("server.conf")))
	v.Hash = hex.EncodeToString(sum[:6])
	return v
}

func conditionOf(state string, m marker) condition {
	c := condition{
		File:   filepath.Join(state, m.name()),
		Slot:   string(m.slot),
		Idle:   string(m.slot.Other()),
		Weight: m.weight,
		Live:   m.kind == live,
	}
	c.Variable = c.Slot
	if m.kind == step {
		c.Variable = "$bluegreen_" + strings.ReplaceAll(m.name(), "-", "_")
	}
	return c
}

func (v view) text(name string) string {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, v); err != nil {
		panic(err) // the templates are part of the program
	}
	return b.String()
}
