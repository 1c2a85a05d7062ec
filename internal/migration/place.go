package migration

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Rehearsals is the section `database.rehearsal`.
type Rehearsals struct {
	Where   Place          `yaml:"where" default:"auto" help:"auto (url or container, whichever is set, else nowhere), url, container, production (a scratch database beside the live one) or off."`
	URL     release.Secret `yaml:"url" help:"postgres:// URL of another server of the same major version, whose user may create databases."`
	Image   string         `yaml:"image" help:"Docker image of PostgreSQL, such as postgres:15, for a server that lives as long as the rehearsal."`
	Data    Extent         `yaml:"data" default:"backup" help:"backup: its rows are restored as well; schema: the schema alone."`
	MaxSize release.Size   `yaml:"max-size" default:"20GB" help:"A larger database is rehearsed on its schema alone."`
	Free    release.Size   `yaml:"free" default:"0" help:"Room on the disk of the live server, which SQL cannot read; with where: production it has to be twice the size of the database."`
	Jobs    int            `yaml:"jobs" default:"2" help:"Tables that are restored at once, 1 to 16; one where the server is the live one."`
	Timeout time.Duration  `yaml:"timeout" default:"1h" help:"How long a rehearsal may take."`
}

// Place is where migrations are rehearsed.
type Place string

// The places. Production is never one that is taken by itself.
const (
	Anywhere    Place = "auto"
	OtherServer Place = "url"
	InContainer Place = "container"
	Production  Place = "production"
	Nowhere     Place = "off"
)

// UnmarshalText refuses other words.
func (p *Place) UnmarshalText(text []byte) error {
	switch v := Place(text); v {
	case Anywhere, OtherServer, InContainer, Production, Nowhere:
		*p = v
		return nil
	}
	return fmt.Errorf("where %q: want auto, url, container, production or off", text)
}

// Extent is how much of the database a rehearsal is on.
type Extent string

// The extents.
const (
	Backup Extent = "backup"
	Schema Extent = "schema"
)

// UnmarshalText refuses other words.
func (f *Extent) UnmarshalText(text []byte) error {
	switch v := Extent(text); v {
	case Backup, Schema:
		*f = v
		return nil
	}
	return fmt.Errorf("data %q: want backup or schema", text)
}

// Place is where the settings lead to: never Anywhere.
func (r Rehearsals) Place() Place {
	switch {
	case r.Where != Anywhere && r.Where != "":
		return r.Where
	case r.URL != "":
		return OtherServer
	case r.Image != "":
		return InContainer
	}
	return Nowhere
}

// Check refuses a place that nothing leads to, and two at once.
func (r Rehearsals) Check() error {
	return errors.Join(
		want(r.Where != OtherServer || r.URL != "", "url is missing: where is url"),
		want(r.Where != InContainer || r.Image != "", "image is missing: where is container"),
		want(r.Where != Anywhere || r.URL == "" || r.Image == "", "url and image are both set: say in where which one is used"),
		want(r.Where != Production || r.Free > 0, "free is missing: where is production, and nobody but you can tell how much room the disk of that server has"),
		want(r.Jobs >= 1 && r.Jobs <= 16, "jobs %d: want 1 to 16", r.Jobs),
		between("timeout", r.Timeout, time.Second, 24*time.Hour),
	)
}
