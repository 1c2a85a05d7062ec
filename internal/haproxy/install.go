package haproxy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// Install makes the state folder and writes the map and the configuration. A split
// that is there stays: HAProxy's own, else the one that is written down. Else all
// the traffic is at the slot; where that is empty, too, it is at blue on a host
// that has nothing of an installation. It says whether HAProxy has to be reloaded;
// it does not do that.
//
// It refuses to guess which slot had the traffic.
func (p *Proxy) Install(ctx context.Context, slot release.Slot) (reload bool, err error) {
	if err := p.folder.Make(ctx); err != nil {
		return false, err
	}
	if err := p.folder.Alone(ctx, func(ctx context.Context) error { return p.begin(ctx, slot) }); err != nil {
		return false, err
	}
	for _, f := range Config(p.settings) {
		changed, err := statefolder.Replace(ctx, p.disk, f.Path, []byte(f.Text), f.Mode)
		if err != nil {
			return reload, fmt.Errorf("write %s: %w", f.Path, err)
		}
		reload = reload || changed
	}
	return reload, nil
}

// begin writes the map where HAProxy could not start with the one that is there.
func (p *Proxy) begin(ctx context.Context, slot release.Slot) error {
	if now, err := p.look(ctx); err == nil && now.whole() == nil {
		return p.keep(ctx)
	}
	if _, err := p.written(ctx); err == nil {
		return nil
	}
	if slot == "" {
		left, err := p.leftover(ctx)
		switch {
		case err != nil:
			return err
		case left != "":
			return release.Refuse("start HAProxy with its map, and run it again; or run it with --live and the slot that has the traffic",
				"the split in %s is lost, %s is there, and HAProxy does not say which slot has the traffic", p.folder.File(mapFile), left)
		}
		slot = release.Blue
	}
	return p.folder.Put(ctx, mapFile, first(slot).encode())
}

// leftover is what an earlier installation has left, if there was one.
func (p *Proxy) leftover(ctx context.Context) (string, error) {
	for _, f := range Config(p.settings) {
		if _, err := p.disk.Stat(ctx, f.Path); !errors.Is(err, fs.ErrNotExist) {
			return f.Path, err
		}
	}
	unused, err := p.folder.Unused(ctx)
	if err != nil || unused {
		return "", err
	}
	return p.folder.Path(), nil
}

// Written is the split that HAProxy would start with.
func (p *Proxy) Written(ctx context.Context) (release.Weights, error) {
	t, err := p.written(ctx)
	if err != nil {
		return release.Weights{}, err
	}
	return t.weights()
}

// Try proves that HAProxy can be moved, without moving any traffic: it runs the
// configuration that belongs to the settings, sees the map change, would start
// again with the split that it has, and nobody has taken a server out.
func (p *Proxy) Try(ctx context.Context) error {
	if err := p.folder.Durable(ctx); err != nil {
		return err
	}
	if _, err := p.Weights(ctx); err != nil {
		return err
	}
	if err := p.servers(ctx); err != nil {
		return err
	}
	return p.folder.Alone(ctx, func(ctx context.Context) error {
		now, err := p.look(ctx)
		if err != nil {
			return err
		}
		if err := p.agrees(ctx, now); err != nil {
			return err
		}
		_, err = p.change(ctx, now, entry{probe, 1})
		err = errors.Join(err, p.sees(ctx, true))
		_, off := p.change(ctx, now.with(probe, 1), entry{probe, 0})
		return errors.Join(err, off, p.sees(ctx, false))
	})
}

// agrees refuses a file that would move the traffic when HAProxy is started.
func (p *Proxy) agrees(ctx context.Context, now table) error {
	written, err := p.written(ctx)
	if err != nil {
		return err
	}
	starts, err := written.weights()
	if err != nil {
		return err
	}
	if has, err := now.weights(); err != nil || has != starts {
		return release.Refuse("run a rollback, which makes both the same, or bluegreen haproxy, which writes down what HAProxy has", "%s has %v, HAProxy has %v: somebody has changed one of them, and a restart would move the traffic",
			p.folder.File(mapFile), starts, has)
	}
	return nil
}

func (p *Proxy) sees(ctx context.Context, want bool) error {
	a, err := p.ask(ctx)
	switch {
	case err != nil:
		return err
	case a.config != newView(p.settings).Hash:
		return release.Refuse("run bluegreen haproxy, and reload HAProxy", "HAProxy at %s runs another configuration: %s", p.settings.URL, a.config)
	case a.probe != want:
		return release.Refuse("give the url and the socket of the same HAProxy, with one process",
			"HAProxy at %s does not see what is written through %s", p.settings.URL, p.settings.Socket)
	}
	return nil
}

// servers refuses a server that somebody has put into maintenance or drained: a
// shift would move traffic to what gets none.
func (p *Proxy) servers(ctx context.Context) error {
	text, err := p.socket.ask(ctx, "show servers state")
	if err != nil {
		return err
	}
	var out []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) > 6 && strings.HasPrefix(f[1], "bluegreen_") && f[6] != "0" {
			out = append(out, f[1]+"/"+f[3])
		}
	}
	if len(out) > 0 {
		return release.Refuse("set server NAME state ready, on the stats socket", "HAProxy gives no traffic to %s: somebody has taken it out", strings.Join(out, ", "))
	}
	return nil
}
