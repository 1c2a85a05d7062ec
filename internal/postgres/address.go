package postgres

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// address is where a database is, for pgx and for the programs that use libpq.
type address struct {
	config *pgx.ConnConfig
	env    []string // NAME=value, with the password
	path   string   // of the URL, with its slash
}

const liveKey = "database.url"

func urlHint(key string) string { return "set " + key + " to postgres://user:password@host:port/name" }

// locate reads the URL of a key of the configuration. Its errors never repeat it.
func locate(key string, secret release.Secret) (address, error) {
	u, err := url.Parse(secret.Reveal())
	switch {
	case err != nil:
		return address{}, release.Reject(urlHint(key), "%s is not a URL: a special character in the password must be percent-encoded", key)
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return address{}, release.Reject(urlHint(key), "%s does not begin with postgres://", key)
	case strings.Trim(u.Path, "/") == "":
		return address{}, release.Reject(urlHint(key), "%s names no database", key)
	}
	query := u.Query()
	for option := range query {
		if strings.HasPrefix(option, "x-") {
			return address{}, release.Reject("remove it; the table of the version is database.table, the timeouts have keys of their own",
				"%s has golang-migrate's option %s", key, option)
		}
	}
	config, err := pgx.ParseConfig(secret.Reveal())
	if err != nil {
		return address{}, release.Reject(urlHint(key), "%s cannot be used: %s", key, reason(err))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	return address{config, environment(config, query), u.Path}, nil
}

// reason is what pgx says about a URL, without the URL.
func reason(err error) string {
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		if cause := parse.Unwrap(); cause != nil {
			if _, quotes := errors.AsType[*url.Error](cause); !quotes {
				return cause.Error()
			}
		}
	}
	return "one of its parts is malformed"
}

// inherited are the parameters that libpq takes from its environment.
var inherited = map[string]string{
	"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
	"sslnegotiation": "PGSSLNEGOTIATION", "channel_binding": "PGCHANNELBINDING", "require_auth": "PGREQUIREAUTH",
	"target_session_attrs": "PGTARGETSESSIONATTRS", "krbsrvname": "PGKRBSRVNAME", "options": "PGOPTIONS",
}

// servers are the hosts that are tried in turn, and their ports. pgx lists one twice
// where it may be reached with TLS or without.
func servers(c *pgx.ConnConfig) (hosts, ports []string) {
	hosts, ports = []string{c.Host}, []string{strconv.Itoa(int(c.Port))}
	for _, f := range c.Fallbacks {
		if port := strconv.Itoa(int(f.Port)); f.Host != hosts[len(hosts)-1] || port != ports[len(ports)-1] {
			hosts, ports = append(hosts, f.Host), append(ports, port)
		}
	}
	return hosts, ports
}

// Addresses are where database.url leads to, each host:port.
func (d *Database) Addresses() []string {
	hosts, ports := servers(d.at.config)
	for i, host := range hosts {
		hosts[i] = net.JoinHostPort(host, ports[i])
	}
	return hosts
}

func environment(c *pgx.ConnConfig, query url.Values) []string {
	hosts, ports := servers(c)
	env := []string{
		"PGHOST=" + strings.Join(hosts, ","), "PGPORT=" + strings.Join(ports, ","), "PGUSER=" + c.User,
		"PGDATABASE=" + c.Database, "PGAPPNAME=bluegreen backup", fmt.Sprintf("PGCONNECT_TIMEOUT=%d", max(2, int(c.ConnectTimeout.Seconds()))),
	}
	if c.Password != "" {
		env = append(env, "PGPASSWORD="+c.Password)
	}
	for key, name := range inherited {
		if query.Has(key) {
			env = append(env, name+"="+query.Get(key))
		}
	}
	return env
}
