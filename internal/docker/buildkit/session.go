package buildkit

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
	"google.golang.org/grpc"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// open starts what the engine asks back during a build: files, secrets and
// accounts. It ends with ctx or when it is closed.
func (b Builder) open(ctx context.Context, job image.Job) (*session.Session, error) {
	files, err := sources(job)
	if err != nil {
		return nil, err
	}
	s, err := session.NewSession(ctx, job.Context)
	if err != nil {
		return nil, fmt.Errorf("open a build session: %w", err)
	}
	s.Allow(filesync.NewFSSyncProvider(files))
	s.Allow(keys{accounts: b.accounts})
	if len(job.Secrets) > 0 {
		revealed := map[string][]byte{}
		for id, secret := range job.Secrets {
			revealed[id] = []byte(secret.Reveal())
		}
		s.Allow(secretsprovider.FromMap(revealed))
	}
	dial := func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
		return b.engine.API().DialHijack(ctx, "/session", proto, meta)
	}
	go func() { _ = s.Run(ctx, dial) }() // without it the build says that the session is missing
	return s, nil
}

// sources are the folders that the engine may read. Which files of the context
// are left out it asks for itself, having read .dockerignore.
func sources(job image.Job) (filesync.StaticDirSource, error) {
	dirs := filesync.StaticDirSource{}
	for name, path := range map[string]string{"context": job.Context, "dockerfile": filepath.Dir(job.Dockerfile)} {
		root, err := fsutil.NewFS(path)
		if err != nil {
			return nil, fmt.Errorf("read the build's %s: %w", name, err)
		}
		dirs[name], err = fsutil.NewFilterFS(root, &fsutil.FilterOpt{Map: ownedByRoot})
		if err != nil {
			return nil, fmt.Errorf("read the build's %s: %w", name, err)
		}
	}
	return dirs, nil
}

// ownedByRoot keeps the cache from depending on who builds.
func ownedByRoot(_ string, about *fstypes.Stat) fsutil.MapResult {
	about.Uid, about.Gid = 0, 0
	return fsutil.MapResultKeep
}

// keys tells the engine who we are to the registries of base images.
type keys struct {
	auth.UnimplementedAuthServer
	accounts docker.Accounts
}

func (k keys) Register(server *grpc.Server) { auth.RegisterAuthServer(server, k) }

// Credentials answers for the host of a registry.
func (k keys) Credentials(ctx context.Context, request *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	if k.accounts == nil {
		return &auth.CredentialsResponse{}, nil
	}
	host := request.GetHost()
	if host == "registry-1.docker.io" {
		host = "docker.io"
	}
	account, err := k.accounts.Account(ctx, host+"/any")
	if err != nil {
		return nil, err
	}
	if account.Token != "" {
		return &auth.CredentialsResponse{Secret: account.Token.Reveal()}, nil
	}
	return &auth.CredentialsResponse{Username: account.User, Secret: account.Password.Reveal()}, nil
}
