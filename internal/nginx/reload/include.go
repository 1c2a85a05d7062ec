package reload

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"text/template"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

//go:embed include.conf
var includeText string

var includeForm = template.Must(template.New("include").Parse(includeText))

// split is what an include makes of the traffic.
type split struct {
	weights release.Weights
	closing bool // clients' connections are closed after each answer
}

// include is a generated file: what it says of itself, and its text. Generation
// is never the same twice, so that nginx can be asked which one it runs. After is
// the one that nginx ran when it was written, so that a change which was killed is
// told from a file that somebody has brought back; none where that was not known.
type include struct {
	split
	generation, after string
	text              string
}

const none = "0000000000000000"

// render is the include of a new generation.
func render(s Settings, want split, after string) include {
	return write(s, want, hex.EncodeToString(random()), after)
}

func random() []byte {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return b[:]
}

// view is what the template sees.
type view struct {
	Settings
	Green                  int
	Closing                bool
	Generation, After, Sum string
	Upstreams              []upstream
}

type upstream struct {
	Name, Path string
	Servers    []string
}

func write(s Settings, want split, generation, after string) include {
	v := view{Settings: s, Green: int(want.weights.Green), Closing: want.closing, Generation: generation, After: after, Sum: none}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		service := s.Services[name]
		path := service.Path
		if path == "" {
			path = "/"
		}
		v.Upstreams = append(v.Upstreams, upstream{name, path, servers(service, want.weights)})
	}
	var b bytes.Buffer
	if err := includeForm.Execute(&b, v); err != nil {
		panic(err) // the template is part of the program
	}
	text := b.String()
	return include{want, generation, after, signed(text, sum(text))}
}

// servers lists the servers of an upstream. A side without weight is left out:
// nginx refuses weight=0, and one that is marked down would let max_fails take
// the only server that is left. For that reason, too, a server that stands alone
// is never taken out. Each side's weight is divided among its hosts.
func servers(s Service, w release.Weights) []string {
	blue, green := int(w.Blue)*len(s.Green), int(w.Green)*len(s.Blue)
	whole := divisor(blue, green)
	var all []string
	add := func(slot release.Slot, weight int) {
		for _, address := range s.of(slot) {
			if weight > 0 {
				all = append(all, string(address)+" weight="+strconv.Itoa(weight/whole))
			}
		}
	}
	add(release.Blue, blue)
	add(release.Green, green)
	if len(all) == 1 {
		all[0] += " max_fails=0"
	}
	return all
}

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

var (
	sumForm    = regexp.MustCompile(` sum=[0-9a-f]{16}\n`)
	headerForm = regexp.MustCompile(`^# Made by bluegreen[^\n]*\n# green=([0-9]{1,3}) closing=(true|false) generation=([0-9a-f]{16}) after=([0-9a-f]{16}) sum=([0-9a-f]{16})\n`)
)

var errForeign = errors.New("somebody has changed the file")

// parse reads an include. One that was changed by anybody else, or cut short, is
// an error.
func parse(text string) (include, error) {
	m := headerForm.FindStringSubmatch(text)
	if m == nil {
		return include{}, fmt.Errorf("%w: it does not begin as it was written", errForeign)
	}
	if m[5] != sum(signed(text, none)) {
		return include{}, fmt.Errorf("%w: it says that it is %s of green %s%%, and its sum is another", errForeign, m[3], m[1])
	}
	var green release.Weight
	if err := green.UnmarshalText([]byte(m[1])); err != nil {
		return include{}, err
	}
	return include{split{release.Split(release.Green, green), m[2] == "true"}, m[3], m[4], text}, nil
}

// signed is the text with this sum, which stands once, in the second line.
func signed(text, sum string) string {
	at := sumForm.FindStringIndex(text)
	if at == nil {
		return text
	}
	return text[:at[0]] + " sum=" + sum + text[at[1]-1:]
}

func sum(text string) string {
	whole := sha256.Sum256([]byte(text))
	return hex.EncodeToString(whole[:8])
}

// says tells whether the include is what the settings would make of the split.
func (i include) says(s Settings, want split) bool {
	return i.text == write(s, want, i.generation, i.after).text
}
