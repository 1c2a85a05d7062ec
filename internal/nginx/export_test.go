package nginx

import "github.com/bluegreen-actions/bluegreen/internal/statefolder"

// Before makes f be asked before each write to the state folder. Where it
// returns an error the process is as good as killed.
func (s *Switch) Before(f func(op, name string) error) { s.folder.Before = f }

// On puts the state folder on another disk.
func (s *Switch) On(disk statefolder.Disk) {
	s.disk, s.folder = disk, statefolder.At(disk, s.settings.State)
}

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
	ParseMarker = parse(parseMarker, marker.name)
	ParseAnswer = parse(parseAnswer, func(a answer) string { return string(a.slot) + a.config })
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
