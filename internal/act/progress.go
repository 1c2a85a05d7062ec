package act

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// progress passes on the lines that tell a person where the release is: the
// jobs, and what the phases say.
type progress struct {
	log    io.Writer
	shown  io.Writer
	rest   strings.Builder
	begun  map[string]time.Time
	phases []Phase
}

// Phase is one job of a run and how long it took.
type Phase struct {
	Name string
	Took time.Duration
}

var (
	jobSet  = regexp.MustCompile(`^\[[^/]*/rollout/([^\]]*?) *\] ⭐ Run Set up job`)
	said    = regexp.MustCompile(`^\[[^/]*/rollout/([^\]]*?) *\]\s+\|\s(\d\d:\d\d:\d\d\.\d\d\d .*)$`)
	jobDone = regexp.MustCompile(`^\[[^/]*/rollout/([^\]]*?) *\] 🏁\s+Job (succeeded|failed)`)
)

func (p *progress) Write(text []byte) (int, error) {
	if _, err := p.log.Write(text); err != nil {
		return 0, err
	}
	p.rest.Write(text)
	lines := bufio.NewScanner(strings.NewReader(p.rest.String()))
	lines.Buffer(nil, 1<<20)
	whole := strings.LastIndexByte(p.rest.String(), '\n') + 1
	remain := p.rest.String()[whole:]
	for lines.Scan() {
		if lines.Text() != remain || whole == p.rest.Len() {
			p.line(lines.Text())
		}
	}
	p.rest.Reset()
	p.rest.WriteString(remain)
	return len(text), nil
}

func (p *progress) line(line string) {
	if m := said.FindStringSubmatch(line); m != nil {
		fmt.Fprintf(p.shown, "    %-12s %s\n", m[1], m[2])
	} else if m := jobSet.FindStringSubmatch(line); m != nil {
		p.begun[m[1]] = time.Now()
	} else if m := jobDone.FindStringSubmatch(line); m != nil {
		p.phases = append(p.phases, Phase{m[1], time.Since(p.begun[m[1]])})
		fmt.Fprintf(p.shown, "  %s %s\n", map[string]string{"succeeded": "✔", "failed": "✘"}[m[2]], m[1])
	}
}
