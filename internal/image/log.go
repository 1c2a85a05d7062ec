package image

import (
	"fmt"
	"strings"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// maxLog is how many bytes of one image's log are kept; the oldest go first.
const maxLog = 4 << 20

// Log is what happened to one image. Steps are said at once, with the image's
// name in front, since several images are at work at a time; output is kept, to
// be shown as a whole. Build secrets are replaced in both. It is safe for
// concurrent use.
type Log struct {
	name string
	say  func(line string)
	hide *strings.Replacer
	mu   sync.Mutex
	kept []byte
}

// NewLog returns an empty log. What is said goes to say, one line at a time.
func NewLog(name string, say func(line string), secrets ...release.Secret) *Log {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s.Reveal(), s.String())
		}
	}
	return &Log{name: name, say: say, hide: strings.NewReplacer(pairs...)}
}

// Step says a line and keeps it.
func (l *Log) Step(format string, args ...any) {
	line := l.hide.Replace(fmt.Sprintf(format, args...))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep([]byte(line + "\n"))
	if l.say != nil {
		l.say("[" + l.name + "] " + line)
	}
}

// Write keeps output.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(p)
	return len(p), nil
}

// String returns what was kept.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hide.Replace(string(l.kept))
}

func (l *Log) keep(p []byte) {
	l.kept = append(l.kept, p...)
	if extra := len(l.kept) - maxLog; extra > 0 {
		l.kept = append(l.kept[:0], l.kept[extra:]...)
	}
}
