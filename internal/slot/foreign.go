package slot

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Apart is the remedy for what is in the compose project of a slot and must not be.
const Apart = "leave what is to outlive a release, such as a database, in a compose project that is no slot, and give the application's own services another one"

// Foreign lists the containers of the slot that no release has put there, and that
// are of none of these services: such as the database in the project of an adopted
// application, which a release must not remove.
func (e *Environment) Foreign(ctx context.Context, services map[string]Service) ([]Container, error) {
	all, err := e.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	var foreign []Container
	for _, c := range all {
		if c.foreign(services) {
			foreign = append(foreign, c)
		}
	}
	return foreign, nil
}

// Own refuses a slot with containers that no release has put there, and that its
// compose files do not have.
func (e *Environment) Own(ctx context.Context, services map[string]Service) error {
	foreign, err := e.Foreign(ctx, services)
	if err != nil || len(foreign) == 0 {
		return err
	}
	return release.Refuse(Apart, "compose project %s has %s, which no release has put there and no compose file of %s has",
		e.place.Project, Names(foreign), e.slot)
}

func (c Container) foreign(services map[string]Service) bool {
	_, ours := services[c.Service]
	return !ours && c.Release() == ""
}

// Names lists containers by what people call them.
func Names(all []Container) string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = fmt.Sprint(c)
	}
	return strings.Join(names, ", ")
}
