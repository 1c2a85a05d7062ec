package haproxy

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// entry is one value to write into the map.
type entry struct {
	key   string
	value int64
}

// look reads the map that HAProxy uses.
func (p *Proxy) look(ctx context.Context) (table, error) { return p.send(ctx) }

// change writes the entries in their order and returns the map as it is after
// them. Each is a write that can be the last.
func (p *Proxy) change(ctx context.Context, now table, entries ...entry) (table, error) {
	var commands []string
	var killed error
	for _, e := range entries {
		if killed = p.step("set", e.key); killed != nil {
			break
		}
		verb := "set"
		if _, there := now[e.key]; !there {
			verb = "add"
		}
		commands = append(commands, fmt.Sprintf("%s map %s %s %d", verb, p.folder.File(mapFile), e.key, e.value))
	}
	next, err := p.send(ctx, commands...)
	return next, errors.Join(err, killed)
}

func (p *Proxy) step(op, name string) error {
	if p.folder.Before == nil {
		return nil
	}
	return p.folder.Before(op, name)
}

// send sends commands about the map and reads it afterwards, in one exchange.
func (p *Proxy) send(ctx context.Context, commands ...string) (table, error) {
	text, err := p.socket.ask(ctx, append(commands, "show map "+p.folder.File(mapFile))...)
	if err != nil {
		return nil, release.CannotTell("start HAProxy, and let this user open its stats socket", "%w", err)
	}
	now, err := parseShown(text)
	if err != nil {
		return nil, release.CannotTell("run bluegreen haproxy, and start HAProxy with the generated configuration", "map %s: %w", p.folder.File(mapFile), err)
	}
	return now, nil
}

// written is the map that HAProxy starts with.
func (p *Proxy) written(ctx context.Context) (table, error) {
	text, err := p.folder.Read(ctx, mapFile)
	if err != nil {
		return nil, err
	}
	t, err := parseFile(text)
	if err != nil {
		return nil, release.CannotTell("run bluegreen haproxy, which writes it anew", "%s: %w", p.folder.File(mapFile), err)
	}
	return t, nil
}

// keep writes the map down as HAProxy has it, until it is that: a rollback that
// did not wait for the lock may have come in between.
func (p *Proxy) keep(ctx context.Context) error {
	for {
		now, err := p.look(ctx)
		if err != nil {
			return err
		}
		if err := now.whole(); err != nil {
			return err
		}
		have, err := p.folder.Read(ctx, mapFile)
		if err != nil {
			return err
		}
		if string(have) == string(now.encode()) {
			return nil
		}
		if err := p.folder.Put(ctx, mapFile, now.encode()); err != nil {
			return err
		}
	}
}
