package draft

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// registryVariable is the registry where the compose files do not name one.
const registryVariable = "${REGISTRY}"

// picture is one image of the application.
type picture struct {
	Name       string
	Repository string
	Context    string
	Dockerfile string
	Target     string
	Args       []string
	Found      bool // by the name of its Dockerfile alone
}

// picture lists the images that are built: those that compose builds, and those whose
// Dockerfile is found. Where there are none, each service is one to be filled in.
func (s *survey) picture(checkout fs.FS, a Application) {
	used := map[string]int{}
	for _, one := range a.Services {
		used[image.Repository(one.Image)]++
	}
	var rest []picture
	for _, name := range sorted(a.Services) {
		one := a.Services[name]
		if one.kind() != own {
			continue
		}
		p := picture{Name: name, Repository: s.repository(name, one, used), Dockerfile: FillIn}
		switch found := dockerfile(checkout, name); {
		case one.Build != nil:
			p.build(*one.Build)
		case found != "":
			p.Dockerfile, p.Found = found, true
		default:
			rest, s.Unbuilt = append(rest, p), append(s.Unbuilt, name)
			continue
		}
		s.Images = append(s.Images, p)
	}
	if len(s.Images) == 0 {
		s.Images, s.Unbuilt = rest, nil
	}
	s.Registry = registry(s.Images)
}

// build takes over what the compose files say. A context that is no folder of the
// checkout, such as another repository, is to be filled in, and so are the values of arguments: they may be secrets.
func (p *picture) build(b Build) {
	if p.Context = filepath.ToSlash(b.Context); !filepath.IsLocal(b.Context) || strings.ContainsAny(b.Context, ":@") {
		p.Context = FillIn
	}
	p.Dockerfile, p.Target = "", b.Target
	if b.Dockerfile != "" && path.Join(p.Context, b.Dockerfile) != path.Join(p.Context, "Dockerfile") {
		p.Dockerfile = path.Join(p.Context, b.Dockerfile)
	}
	for _, name := range b.Args {
		if name != "VERSION" && name != "REVISION" { // they are always passed
			p.Args = append(p.Args, name)
		}
	}
}

// repository is where an image is pushed: where the compose files have it from, if
// that is one service's alone.
func (s survey) repository(name string, one Service, used map[string]int) string {
	have := image.Repository(one.Image)
	switch {
	case have == "" || used[have] > 1:
		return registryVariable + "/" + s.Name + "-" + strings.ToLower(name)
	case strings.Contains(have, "/"):
		return have
	}
	return registryVariable + "/" + have
}

// registry is the one host that all images are pushed to; a variable where the compose
// files name none, and nothing where docker's own configuration has to say who we are.
func registry(all []picture) string {
	server := ""
	for _, p := range all {
		host, _, _ := strings.Cut(p.Repository, "/")
		known := host == registryVariable || host == "localhost" || strings.ContainsAny(host, ".:")
		if !known || server != "" && server != host {
			return ""
		}
		server = host
	}
	return server
}
