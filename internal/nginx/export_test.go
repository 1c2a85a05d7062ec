package nginx

// Before makes f be asked before each write to the state folder. Where it
// returns an error the process is as good as killed.
func (s *Switch) Before(f func(op, name string) error) { s.folder.before = f }

// Names of the markers for the steps of the switch, the one that decides last.
func (s *Switch) Names() []string {
	var all []string
	for _, m := range s.order {
		all = append(all, m.name())
	}
	return all
}

// What reads text from outside.
var (
	ParseMarker  = parse(parseMarker, marker.name)
	ParseAnswer  = parse(parseAnswer, func(a answer) string { return string(a.slot) + a.config })
	ParseHolding = parse(parseHolding, func(h holding) string { return string(h.State) })
	ParseToken   = parse(parseToken, nil)
)

func parse[T any, In ~string | ~[]byte](f func(In) (T, error), show func(T) string) func(string) (string, error) {
	return func(text string) (string, error) {
		v, err := f(In(text))
		if err != nil || show == nil {
			return "", err
		}
		return show(v), nil
	}
}
