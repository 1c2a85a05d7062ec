package lab

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// No cache: it would remember what was deleted.
const registrySettings = `version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}, delete: {enabled: true}}
http: {addr: %q}
`

func prepareRegistry(_ context.Context, one started) (process.Command, error) {
	conf := filepath.Join(one.Dir, "config.yml")
	text := fmt.Sprintf(registrySettings, filepath.Join(one.Dir, "data"), one.Address)
	return process.Command{Path: find("docker-registry"), Args: []string{"serve", conf}, Dir: one.Dir},
		os.WriteFile(conf, []byte(text), 0o644)
}

func registryReady(ctx context.Context, one started) error {
	return respond(ctx, http.DefaultClient, "http://"+one.Address+"/v2/")
}

// respond asks for 200.
func respond(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
