package slot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// plan is what the slot has to look like: how many containers of which service,
// for what, and with which image.
type plan struct {
	services map[string]Service
	counts   map[string]int
	roles    map[string]string
	pins     map[string]Pin // by service
	override Override
}

func (e *Environment) plan(ctx context.Context, order Order) (*plan, error) {
	services, err := e.compose.Services(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read compose files of %s: %w", e.slot, err)
	}
	p := &plan{services: services, counts: map[string]int{}, roles: map[string]string{}, pins: map[string]Pin{}}
	if err := p.count(e.settings.Scale); err != nil {
		return nil, err
	}
	if err := p.assign(e.settings.Workers); err != nil {
		return nil, err
	}
	if err := p.pin(order); err != nil {
		return nil, err
	}
	p.override = p.changes(e.slot, order)
	return p, e.confirm(ctx, p)
}

func (p *plan) count(scale map[string]int) error {
	for service := range scale {
		if _, ok := p.services[service]; !ok {
			return release.Reject("name a service of the compose files", "scale names service %s, which no compose file has", service)
		}
	}
	for name, s := range p.services {
		n, ok := scale[name]
		if !ok {
			n = s.Replicas
		}
		if n > 1 && s.Name != "" {
			return release.Reject("remove container_name from the service", "service %s cannot have %d containers: its container_name %s is taken by the first", name, n, s.Name)
		}
		p.counts[name] = n
	}
	return nil
}

// assign says what each service is for. What others wait to succeed is a job:
// it ends, and that is right.
func (p *plan) assign(w WorkerSettings) error {
	for name := range p.services {
		p.roles[name] = roleHTTP
	}
	for name, s := range p.services {
		for need, condition := range s.Needs {
			if condition == "service_completed_successfully" {
				p.roles[need] = roleJob
			}
			if need == w.Service && name != w.Service && w.Start != FromDeploy {
				return release.Reject("remove the dependency, or set workers.start to from-deploy",
					"service %s depends on %s, which would start with it and take jobs before the first step", name, need)
			}
		}
	}
	if _, ok := p.services[w.Service]; ok {
		p.roles[w.Service] = roleWorker
	}
	return nil
}

// pin finds the services of each image: the one of its name, and those of its
// repository that have no image of their own name. An image that no service uses
// would be released without running.
func (p *plan) pin(order Order) error {
	for _, name := range sorted(order.Images) {
		used := false
		for service, s := range p.services {
			_, named := order.Images[service]
			if service == name || !named && repository(s.Image) == order.Images[name].Repository {
				p.pins[service], used = order.Images[name], true
			}
		}
		if !used {
			return release.Reject("use the image in a service of the compose files, or take it out of images",
				"image %s of the release is used by no service of %s", name, strings.Join(sorted(p.services), ", "))
		}
	}
	return nil
}

func (p *plan) changes(s release.Slot, order Order) Override {
	changes := Override{}
	for name := range p.services {
		labels := map[string]string{
			LabelRelease:  string(order.Release),
			LabelSlot:     string(s),
			LabelVersion:  string(order.Version),
			LabelRole:     p.roles[name],
			LabelServices: p.serving(),
		}
		change := Change{Labels: labels}
		if pin, ok := p.pins[name]; ok {
			change.Image = pin.Reference()
			labels[LabelDigest] = string(pin.Digest)
		}
		changes[name] = change
	}
	return changes
}

// confirm reads the files once more, with the override, and refuses one that
// does not do what it is for.
func (e *Environment) confirm(ctx context.Context, p *plan) error {
	services, err := e.compose.Services(ctx, p.override)
	if err != nil {
		return fmt.Errorf("read compose files of %s with pinned images: %w", e.slot, err)
	}
	for name, pin := range p.pins {
		if got := services[name].Image; got != pin.Reference() {
			return release.Refuse("see what else sets the image of this service", "service %s would run %s, not %s", name, got, pin.Reference())
		}
	}
	return nil
}

// of lists the services with one of these roles that have containers.
func (p *plan) of(roles ...string) []string {
	var names []string
	for _, name := range sorted(p.services) {
		for _, role := range roles {
			if p.roles[name] == role && p.counts[name] > 0 {
				names = append(names, name)
			}
		}
	}
	return names
}

func (p *plan) scale(services []string) map[string]int {
	scale := map[string]int{}
	for _, name := range services {
		scale[name] = p.counts[name]
	}
	return scale
}

// serving is what has to be there to take traffic, as a label has it.
func (p *plan) serving() string {
	var parts []string
	for _, name := range p.of(roleHTTP) {
		parts = append(parts, name+"="+strconv.Itoa(p.counts[name]))
	}
	return strings.Join(parts, " ")
}

func parseCounts(label string) map[string]int {
	counts := map[string]int{}
	for part := range strings.FieldsSeq(label) {
		name, number, _ := strings.Cut(part, "=")
		if n, err := strconv.Atoi(number); err == nil {
			counts[name] = n
		}
	}
	return counts
}

// repository cuts the tag or the digest off an image's name.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		return image[:colon]
	}
	return image
}
