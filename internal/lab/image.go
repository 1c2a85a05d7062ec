package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// entry makes a cluster and starts it, as the image postgres does for the same
// variable.
const entry = `#!/bin/sh
set -e
PATH=%s:/bin
umask 077
printf %%s "$POSTGRES_PASSWORD" > /tmp/password
initdb -D /tmp/data -U postgres -A scram-sha-256 --pwfile=/tmp/password --locale=C -E UTF8 -N >/dev/null
echo 'host all all all scram-sha-256' >> /tmp/data/pg_hba.conf
exec "$@" -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=''
`

// PostgresImage returns a docker image of this machine's PostgreSQL, which stands in
// for the image postgres where no registry can be asked. It is made once.
func PostgresImage(t testing.TB) (reference string) {
	t.Helper()
	Docker(t)
	PostgresServer(t) // which installs it
	reference, err := postgresImage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatalf("make an image of PostgreSQL: %v", err)
	}
	return reference
}

func postgresImage(ctx context.Context, dir string) (string, error) {
	server, err := filepath.EvalSymlinks(find("postgres"))
	if err != nil {
		return "", err
	}
	bin := filepath.Dir(server)
	reference := "bluegreen-lab-postgres:" + filepath.Base(filepath.Dir(bin))
	if process.Run(ctx, process.Command{Path: find("docker"), Args: []string{"image", "inspect", reference}}) == nil {
		return reference, nil
	}
	paths, err := closure(ctx, server, filepath.Join(bin, "initdb"), "/bin/sh", "/bin/cat", "/bin/sleep")
	if err != nil {
		return "", err
	}
	lib, share := filepath.Join(filepath.Dir(bin), "lib"), filepath.Join("/usr/share/postgresql", filepath.Base(filepath.Dir(bin)))
	paths = append(paths, filepath.Join(lib, "plpgsql.so"), filepath.Join(lib, "dict_snowball.so"), share, "/usr/share/zoneinfo")
	if err := furnish(dir, fmt.Sprintf(entry, bin)); err != nil {
		return "", err
	}
	args := append([]string{"--create", "--dereference", "--hard-dereference", "--directory=/"}, relative(paths)...)
	args = append(args, "--directory="+dir, "entry", "etc", "tmp")
	return reference, load(ctx, reference, args)
}

var linked = regexp.MustCompile(`(/\S+) \(0x`)

// closure is the programs with the libraries that they are linked with.
func closure(ctx context.Context, programs ...string) ([]string, error) {
	all := slices.Clone(programs)
	for _, program := range programs {
		out, err := process.Output(ctx, process.Command{Path: "ldd", Args: []string{program}})
		if err != nil {
			return nil, err
		}
		for _, m := range linked.FindAllStringSubmatch(string(out), -1) {
			all = append(all, m[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func relative(paths []string) []string {
	var list []string
	for _, p := range paths {
		list = append(list, strings.TrimPrefix(p, "/"))
	}
	return list
}

// furnish writes what no package has.
func furnish(dir, entry string) error {
	return errors.Join(
		os.Mkdir(filepath.Join(dir, "etc"), 0o755), os.Mkdir(filepath.Join(dir, "tmp"), 0o755), os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky),
		os.WriteFile(filepath.Join(dir, "etc/passwd"), []byte("postgres:x:1000:1000::/tmp:/bin/sh\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "entry"), []byte(entry), 0o755), os.Chmod(filepath.Join(dir, "entry"), 0o755),
	)
}

// load hands an archive to the engine as it is written.
func load(ctx context.Context, reference string, archive []string) error {
	read, write := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := process.Run(ctx, process.Command{Path: "tar", Args: archive, Stdout: write})
		write.CloseWithError(err)
		packed <- err
	}()
	err := process.Run(ctx, process.Command{Path: find("docker"), Stdin: read, Args: []string{
		"import", "--change", `ENTRYPOINT ["/entry"]`, "--change", `CMD ["postgres"]`, "--change", "USER 1000:1000", "--change", "ENV PATH=/bin:/usr/bin", "-", reference,
	}})
	read.CloseWithError(io.ErrClosedPipe)
	return errors.Join(err, <-packed)
}
