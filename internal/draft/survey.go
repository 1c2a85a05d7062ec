package draft

import (
	"cmp"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Wish is what a person asks for.
type Wish struct {
	Router      Router
	Environment Label
	Tool        string // the compose program that has read the files, with its version
}

// survey is what an application is made of, as the templates write it.
type survey struct {
	Wish
	Name       string
	Layout     Layout
	Paired     bool // each slot has files of its own
	Shared     []string
	Places     []place
	Served     []served
	Images     []picture
	Unbuilt    []string // run as their compose files name them
	Registry   string
	Worker     string
	Workers    []string
	Database   bool
	Migrations []string
	Queue      string
}

// place is one slot.
type place struct {
	Slot    release.Slot
	Compose []string
	Project string
}

// served is a service that requests reach.
type served struct {
	Name, Key   string // Key is its name for the load balancer
	Blue, Green string
	Page        string
}

// look sorts the services of both slots. Green is empty where the application has
// files for one environment only.
func look(checkout fs.FS, layout Layout, wish Wish, blue, green Application) survey {
	s := survey{Wish: wish, Name: plain(blue.Name), Layout: layout, Paired: len(layout.Green) > 0}
	for _, name := range sorted(blue.Services) {
		one := blue.Services[name]
		if one.kind() != own {
			s.Shared = append(s.Shared, name)
		}
		if blue.worker(one) {
			s.Workers = append(s.Workers, name)
		}
		s.Database = s.Database || one.kind() == postgres || blue.stores(one)
	}
	s.Places = s.places()
	s.Served = s.serve(blue, green)
	s.picture(checkout, blue)
	s.work(blue)
	if s.Database {
		s.Migrations = migrations(checkout)
	}
	return s
}

// places is where the slots run. What both share stands in none of their files, and
// an application with one set of files runs already: that is blue.
func (s survey) places() []place {
	blue, green := place{release.Blue, s.Layout.Blue, s.Name}, place{release.Green, s.Layout.Green, s.Name + "-green"}
	if s.Paired {
		blue.Project += "-blue"
	} else {
		green.Compose = []string{FillIn}
	}
	if len(s.Shared) > 0 {
		blue.Compose, green.Compose = []string{FillIn}, []string{FillIn}
	}
	return []place{blue, green}
}

// serve lists the services that requests reach; one at least, since something has to
// have the traffic.
func (s survey) serve(blue, green Application) (all []served) {
	taken := ports{}
	for _, one := range blue.Services {
		for _, p := range one.Ports {
			taken[number(p.Published)] = true
		}
		taken.take(one.listens())
	}
	for _, name := range sorted(blue.Services) {
		one := blue.Services[name]
		address, ok := one.served()
		if !ok || one.kind() != own || slices.Contains(s.Workers, name) {
			continue
		}
		other := unknown
		if !s.Paired {
			other = taken.beside(address)
		} else if at, ok := green.Services[name].served(); ok {
			other = at
		}
		all = append(all, served{name, key(name), address, other, one.page()})
	}
	if len(all) == 0 {
		all = []served{{"web", "web", unknown, unknown, FillIn}}
	}
	return all
}

// work finds the service that takes jobs, and the queue that it takes them from.
func (s *survey) work(a Application) {
	switch len(s.Workers) {
	case 0:
		return
	case 1:
		s.Worker = s.Workers[0]
	default:
		s.Worker = FillIn
	}
	one := a.Services[s.Workers[0]]
	s.Queue = cmp.Or(one.Variables["QUEUE"], one.Variables["QUEUE_NAME"], FillIn)
}

// Skipped is the rules of the default pack that this application has nothing for.
func (s survey) Skipped() (rules []string) {
	if len(s.Workers) == 0 {
		rules = append(rules, "worker-lag", "workers-running")
	}
	if !s.Database {
		rules = append(rules, "db-connections")
	}
	return rules
}

// What a compose project, and a service of a load balancer, cannot have in its name.
var (
	notInProject = regexp.MustCompile(`[^a-z0-9_-]+`)
	notInKey     = regexp.MustCompile(`[^a-z0-9]+`)
)

// plain is a name that compose accepts for a project.
func plain(name string) string {
	name = strings.TrimLeft(notInProject.ReplaceAllString(strings.ToLower(name), ""), "_-")
	return cmp.Or(name, "application")
}

// key is a service's name for a load balancer: letters, digits and underscores.
func key(service string) string {
	name := strings.Trim(notInKey.ReplaceAllString(strings.ToLower(service), "_"), "_")
	if name == "" || name[0] <= '9' {
		name = "s" + name
	}
	return name[:min(len(name), 32)]
}

func sorted[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }
