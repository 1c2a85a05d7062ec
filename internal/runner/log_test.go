package runner_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

func TestHostileLinesAreNoCommands(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		for _, form := range []string{text, "prefix\n" + text + "\n", "\t" + text + "\r\n" + text} {
			s := newStep(t)
			if _, err := io.WriteString(s.Log(), form); err != nil {
				t.Fatal(err)
			}
			s.Log().Flush()
			commands, lines := runnertest.Read(s.log.String())
			if len(commands) > 0 {
				t.Errorf("%s: %q became the commands %+v", name, form, commands)
			}
			if want := strings.Count(strings.TrimSuffix(form, "\n"), "\n") + 2; len(lines) != want && form != "" {
				t.Errorf("%s: %q became %d lines, want %d", name, form, len(lines), want)
			}
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"a plain line stays as it is":     {"200 OK :: fine # [x] a::b\n", "200 OK :: fine # [x] a::b\n"},
		"a command is marked":             {" ::error::x\n", "|  ::error::x\n"},
		"the older form is broken":        {"a ##[group]b\n", "a ## [group]b\n"},
		"CRLF is a line end":              {"a\r\nb\r\n", "a\nb\n"},
		"a carriage return is shown":      {"10%\r20%\n", "10%␍20%\n"},
		"colours stay":                    {"\x1b[1;31mred\x1b[0m\n", "\x1b[1;31mred\x1b[0m\n"},
		"other escapes do not":            {"\x1b[2J\x1b]0;x\a\x1b\n", "␛[2J␛]0;x␇␛\n"},
		"control characters are shown":    {"\x00\x08\x7f\u0085\u202e\t.\n", "␀␈���\t.\n"},
		"what is no text becomes text":    {"\xffx\n", "�x\n"},
		"an empty line":                   {"\n", "\n"},
		"a last line that is never ended": {"a\nb", "a\nb\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{1, 2, 3, len(tt.text)} {
				var out bytes.Buffer
				log := runner.New(variables(), &out).Log()
				for rest := []byte(tt.text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
					if n, err := log.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
						t.Fatal(n, err)
					}
				}
				log.Flush()
				log.Flush()
				if diff := cmp.Diff(tt.want, out.String()); diff != "" {
					t.Errorf("in pieces of %d: %s", size, diff)
				}
			}
		})
	}
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN KEY-----\n  MIIB&secret/Va_lue\r\nab\n-----END KEY-----\n"
	tests := map[string]struct{ secret, text, want string }{
		"as it is":                   {"hunter2", "password hunter2, hunter22", "password ***, ***2"},
		"every time":                 {"hunter2", "hunter2hunter2", "******"},
		"in a URL":                   {"p@ss:w/rd", "postgres://u:" + url.QueryEscape("p@ss:w/rd") + "@db " + url.PathEscape("p@ss:w/rd"), "postgres://u:***@db ***"},
		"in quotes":                  {"p\"ss\\wörd\t1", fmt.Sprintf("got %q", "p\"ss\\wörd\t1"), `got "***"`},
		"in JSON":                    {"<p&ss>", `{"a":"\u003cp\u0026ss\u003e"}`, `{"a":"***"}`},
		"in Markdown":                {"-p_ss*w|rd@x", summary.Text("-p_ss*w|rd@x") + " " + summary.Text("in -p_ss*w|rd@x"), "*** in ***"},
		"in base64, from its start":  {"hunter2hunter2", base64.StdEncoding.EncodeToString([]byte("hunter2hunter2")), "***I="},
		"in base64, behind a user":   {"hunter2hunter2", base64.StdEncoding.EncodeToString([]byte("ci:hunter2hunter2")), "Y2k6***I="},
		"in base64, behind another":  {"hunter2hunter2", base64.StdEncoding.EncodeToString([]byte("user:hunter2hunter2 x")), "dXNlcjp***iB4"},
		"a password of a URL":        {"postgres://me:hunt%20er2@db/shop", "me hunt er2, hunt%20er2", "me ***, ***"},
		"a password of a URL alone":  {"redis://:p@ss/w@127.0.0.1:6379/0", "redis://:p@ss/w@127.0.0.1:6379/0", "***"},
		"a password that is no more": {"postgres://shop:shop@db/shop", "shop, not postgres://shop:shop@db/shop", "shop, not ***"},
		"with space around it":       {" hunter2\n", "[hunter2]", "[***]"},
		"each line of it":            {key, "key MIIB&secret/Va_lue and -----END KEY-----", "key *** and ***"},
		"its short lines stay":       {key, "abacus", "abacus"},
		"a short one stays":          {"abc", "abc", "abc"},
		"a longer one goes first":    {"word", "password-word", "***-***"},
		"an empty one hides nothing": {"", "text", "text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			s.Mask(tt.secret)
			s.Mask("password")
			s.log.Reset()
			fmt.Fprintln(s.Log(), tt.text)
			s.Annotate(runner.Annotation{Level: runner.Error, Title: tt.text, Text: tt.text})
			if err := s.AddSummary(tt.text); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(tt.want, "password", "***")
			commands, lines := runnertest.Read(s.log.String())
			if lines[0] != want || commands[0].Data != want || commands[0].Properties["title"] != want || read(t, s.summary) != want+"\n" {
				t.Errorf("log %q, annotation %+v, summary %q, want %q", lines[0], commands[0], read(t, s.summary), want)
			}
		})
	}
}

func TestTheRunnerIsToldOfSecrets(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	s.Mask("{\n  first%0Aline,\r\n}\nabc\n second \n")
	s.Mask("")
	commands, _ := runnertest.Read(s.log.String())
	var got []string
	for _, c := range commands {
		got = append(got, c.Name+" "+c.Data)
	}
	if diff := cmp.Diff([]string{"add-mask first%0Aline,", "add-mask second"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestALineInWorkDoesNotSwallowACommand(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	fmt.Fprint(s.Log(), "half a li")
	s.Annotate(runner.Annotation{Level: runner.Warning, Title: "t", Text: "text"})
	s.Mask("half a line")
	fmt.Fprintln(s.Log(), "ne")
	commands, lines := runnertest.Read(s.log.String())
	if len(commands) != 2 || commands[0].Data != "text" || lines[0] != "***" {
		t.Errorf("commands %+v, lines %q", commands, lines)
	}
}

func TestALogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r := runner.New(variables("GITHUB_ACTIONS", "true"), broken{})
	r.Mask("hunter2")
	r.Annotate(runner.Annotation{Level: runner.Error, Title: "t", Text: "x"})
	if n, err := fmt.Fprintln(r.Log(), "x"); !errors.Is(err, errBroken) || n != 0 {
		t.Errorf("got %d, %v", n, err)
	}
	if err := r.SetOutput("value", "x"); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// FuzzLog holds to this: whatever is written, in whatever pieces, is no
// command, shows no secret and has as many lines.
func FuzzLog(f *testing.F) {
	for _, text := range runnertest.Hostile() {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		var out bytes.Buffer
		r := runner.New(variables("GITHUB_ACTIONS", "true"), &out)
		r.Mask("hunter2")
		out.Reset()
		text += "\nhunter2\n"
		for rest := []byte(text); len(rest) > 0; {
			n := max(1, min(size, len(rest)))
			_, _ = r.Log().Write(rest[:n])
			rest = rest[n:]
		}
		commands, lines := runnertest.Read(out.String())
		if len(commands) > 0 || strings.Contains(out.String(), "hunter2") || len(lines) != strings.Count(text, "\n")+1 {
			t.Errorf("%q became %q", text, out.String())
		}
	})
}
