// Package settings reads what a MailBlast process is told by its environment.
//
// It promises that every bad value is reported at once, by name, with what to
// set instead, and that no message contains the value of a secret. It refuses
// to replace a bad value by a default.
package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// env collects values and complaints while a struct of settings is filled.
type env struct {
	lookup func(name string) string
	errs   []error
}

func (e *env) complain(format string, args ...any) {
	e.errs = append(e.errs, fmt.Errorf(format, args...))
}

func (e *env) err() error { return errors.Join(e.errs...) }

func (e *env) text(name, fallback string) string {
	if v := e.lookup(name); v != "" {
		return v
	}
	return fallback
}

func (e *env) required(name, want string) string {
	v := e.lookup(name)
	if v == "" {
		e.complain("%s is not set: set it to %s", name, want)
	}
	return v
}

func (e *env) choice(name string, choices ...string) string {
	v := e.lookup(name)
	for _, c := range choices {
		if v == c {
			return v
		}
	}
	e.complain("%s is %q: set it to one of %s", name, v, strings.Join(choices, ", "))
	return v
}

// feature is off unless it is switched on.
func (e *env) feature(name string) bool {
	return e.lookup(name) != "" && e.choice(name, "on", "off") == "on"
}

func (e *env) duration(name string, fallback, least time.Duration) time.Duration {
	v := e.lookup(name)
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < least {
		e.complain("%s is %q: set it to a duration of at least %s, such as %s", name, v, least, fallback)
	}
	return d
}

func (e *env) number(name string, fallback, least, most int) int {
	v := e.lookup(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		e.complain("%s is %q: set it to a whole number from %d to %d", name, v, least, most)
	}
	return n
}

func (e *env) address(name, fallback string) string {
	v := e.text(name, fallback)
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		e.complain("%s is %q: set it to host:port, such as 127.0.0.1:18081", name, v)
	}
	return v
}

// link reads a URL without a secret in it, so that it may be quoted.
func (e *env) link(name, fallback string) *url.URL {
	v := e.text(name, fallback)
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		e.complain("%s is %q: set it to an http or https URL", name, v)
		return &url.URL{}
	}
	return u
}

var queueForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.:-]{0,99}$`)

func (e *env) queue(name, fallback string) string {
	v := e.text(name, fallback)
	if !queueForm.MatchString(v) {
		e.complain("%s is %q: set it to at most 100 lower-case letters, digits, and _ . : -", name, v)
	}
	return v
}
