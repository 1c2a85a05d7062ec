package slot

import (
	"encoding/json"
	"regexp"
	"strings"
)

// level is how bad a log line is.
type level int

const (
	harmless level = iota
	failed
	fatal
)

// classify says how bad a line is and what of it tells one error from another:
// by the level of a JSON line, of a logfmt line, or by how plain text begins. A
// line that merely has the word error in it is not one.
func classify(line string) (level, string) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "{") {
		if l, message, ok := classifyJSON(line); ok {
			return l, message
		}
	}
	if said := logfmtLevel.FindStringSubmatch(line); said != nil {
		return named(said[1]), logfmtTime.ReplaceAllString(line, "")
	}
	text := stamp.ReplaceAllString(line, "")
	for _, p := range plain {
		if p.form.MatchString(text) {
			return p.level, text
		}
	}
	return harmless, ""
}

var (
	logfmtLevel = regexp.MustCompile(`(?:^|\s)(?:level|lvl|severity)="?([A-Za-z]+)"?(?:\s|$)`)
	logfmtTime  = regexp.MustCompile(`(?:^|\s)(?:time|ts|timestamp)=(?:"[^"]*"|\S+)`)
	// A date and a time in front of the line, as the usual loggers write them.
	stamp = regexp.MustCompile(`^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[.,\d]*(?:Z| ?[+-]\d\d:?\d\d)?\]?\s+`)
	plain = []struct {
		form  *regexp.Regexp
		level level
	}{
		{regexp.MustCompile(`^(?:panic: |fatal error: |runtime: out of memory)`), fatal}, // the Go runtime
		{regexp.MustCompile(`^\[?(?:PANIC|FATAL|CRITICAL|EMERGENCY|emerg|alert|crit)\b[\]: |]`), fatal},
		{regexp.MustCompile(`^F\d{4} \d\d:\d\d:`), fatal}, // klog
		{regexp.MustCompile(`^E\d{4} \d\d:\d\d:`), failed},
		{regexp.MustCompile(`^\[?(?:ERROR|ERR|error)\b[\]: |]`), failed},
		{regexp.MustCompile(`^http: panic serving `), failed}, // net/http, which goes on
		{regexp.MustCompile(`^Traceback \(most recent call last\)`), failed},
		{regexp.MustCompile(`^(?:Uncaught )?(?:[A-Za-z_$][\w$]*\.)*[A-Z]\w*(?:Error|Exception)\b:`), failed}, // Python, Java, JavaScript
	}
)

// The keys of a level and of a message in the usual JSON loggers.
var (
	levelKeys   = []string{"level", "severity", "lvl", "log.level", "levelname", "loglevel", "@level"}
	messageKeys = []string{"msg", "message", "@message", "event", "error", "err", "exception"}
)

func classifyJSON(line string) (level, string, bool) {
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil {
		return harmless, "", false
	}
	var text []string
	for _, key := range messageKeys {
		if s, ok := fields[key].(string); ok {
			text = append(text, s)
		}
	}
	for _, key := range levelKeys {
		switch v := fields[key].(type) {
		case string:
			return named(v), strings.Join(text, ": "), true
		case float64:
			return numbered(v), strings.Join(text, ": "), true
		}
	}
	return harmless, "", true
}

func named(name string) level {
	switch strings.ToLower(name) {
	case "error", "err", "e":
		return failed
	case "fatal", "panic", "dpanic", "critical", "crit", "emerg", "emergency", "alert":
		return fatal
	}
	return harmless
}

// numbered reads the levels of bunyan and pino: 50 is error, 60 fatal.
func numbered(n float64) level {
	switch {
	case n >= 60:
		return fatal
	case n >= 50:
		return failed
	}
	return harmless
}

// What differs between two lines about the same thing.
var variable = []struct {
	form *regexp.Regexp
	mark string
}{
	{regexp.MustCompile(`"[^"]*"|'[^']*'|` + "`[^`]*`"), `""`},
	{regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`), "<uuid>"},
	{regexp.MustCompile(`\b\d+(?:\.\d+)*\b`), "#"},
	{regexp.MustCompile(`0x[0-9a-fA-F]+|\b[0-9a-f]*[0-9][0-9a-f]{7,}\b`), "<hex>"},
	{regexp.MustCompile(`\d+(?:\.\d+)*`), "#"},
}

func fingerprint(message string) string {
	for _, v := range variable {
		message = v.form.ReplaceAllString(message, v.mark)
	}
	return message
}
