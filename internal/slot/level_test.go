package slot

import "testing"

func TestLinesAreClassified(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line string
		want level
		kind string
	}{
		"JSON with an error":                    {`{"time":"2026-01-02T03:04:05Z","level":"ERROR","msg":"mail 41 bounced"}`, failed, "mail # bounced"},
		"JSON with a cause":                     {`{"severity":"error","message":"send","error":"dial tcp 127.0.0.1:25"}`, failed, "send: dial tcp #:#"},
		"JSON with pino's number":               {`{"level":60,"msg":"out of disk"}`, fatal, "out of disk"},
		"JSON that only mentions an error":      {`{"level":"info","msg":"error rate 0"}`, harmless, ""},
		"JSON without a level":                  {`{"error":"none"}`, harmless, ""},
		"logfmt":                                {`ts=2026-01-02T03:04:05Z level=error msg="user 7 not found" id=9`, failed, ` level=error msg="" id=#`},
		"logfmt that is fine":                   {`level=info msg="ERROR page rendered"`, harmless, ""},
		"a panic":                               {`panic: runtime error: index out of range [3]`, fatal, "panic: runtime error: index out of range [#]"},
		"a recovered panic":                     {`2026/01/02 03:04:05 http: panic serving 127.0.0.1:4242: boom`, failed, "http: panic serving #:#: boom"},
		"text with a time":                      {`2026-01-02 03:04:05,123 ERROR order 0f8fad5b-d9cb-469f-a165-70867728950e lost`, failed, "ERROR order <uuid> lost"},
		"text in brackets":                      {`[FATAL] no config`, fatal, "[FATAL] no config"},
		"nginx":                                 {`2026/01/02 03:04:05 [emerg] 12#12: bind() failed`, fatal, "[emerg] ###: bind() failed"},
		"klog":                                  {`E0102 03:04:05.678901       1 main.go:9] no lease`, failed, "E# #:#:#       # main.go:#] no lease"},
		"a Python exception":                    {`sqlalchemy.exc.OperationalError: no such table`, failed, "sqlalchemy.exc.OperationalError: no such table"},
		"a JavaScript error":                    {`TypeError: x is not a function`, failed, "TypeError: x is not a function"},
		"a word in the middle":                  {`handled an error: all fine`, harmless, ""},
		"an error in lower case without a mark": {`errors 0`, harmless, ""},
		"a hash":                                {`ERROR object 9fceb02d0ae598e95dc970b74767f19372d61af8 gone at 0xc000012345`, failed, "ERROR object <hex> gone at <hex>"},
		"nothing":                               {``, harmless, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, message := classify(tt.line)
			if kind := fingerprint(message); got != tt.want || kind != tt.kind && got != harmless {
				t.Errorf("got %d, %q, want %d, %q", got, kind, tt.want, tt.kind)
			}
		})
	}
}
