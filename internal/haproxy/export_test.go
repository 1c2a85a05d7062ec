package haproxy

import "context"

// Before makes f be asked before each write to HAProxy and to the state folder.
// Where it returns an error the process is as good as killed.
func (p *Proxy) Before(f func(op, name string) error) { p.folder.Before = f }

// Send sends commands to the runtime API, as somebody else would.
func (p *Proxy) Send(commands ...string) (string, error) {
	return p.socket.ask(context.Background(), commands...)
}

// What reads text from outside.
var (
	ParseFile   = func(text string) error { _, err := parseFile([]byte(text)); return err }
	ParseShown  = func(text string) error { _, err := parseShown(text); return err }
	ParseAnswer = func(text string) error { _, err := parseAnswer([]byte(text)); return err }
)
