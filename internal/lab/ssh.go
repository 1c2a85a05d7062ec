package lab

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Login is how to get into an SSH server of the lab.
type Login struct {
	*Server
	URL        string // ssh://user@127.0.0.1:port
	User       string // has a shell, owns nothing and is not root
	Key        string // private key, PEM
	KnownHosts string // the server's public key, as known_hosts has it
}

// sshUser is who logs in, where the lab runs as root: nobody that has rights.
const sshUser = "bluegreen-lab"

// sshConf is without PAM, so that the server needs nothing of the machine.
const sshConf = `ListenAddress 127.0.0.1
Port %d
HostKey %[2]s/host_key
AuthorizedKeysFile %[2]s/authorized_keys
PidFile none
UsePAM no
UseDNS no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
MaxStartups 100
`

// NewSSH starts an OpenSSH server in dir, with conf before its configuration: of
// a setting that is there twice the first one counts. It has keys of its own and
// lets one user in, who is not root.
func NewSSH(ctx context.Context, dir, conf string, port int) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = folder(dir); err != nil {
		return nil, err
	}
	if err := sshKeys(dir, port); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if _, err := folder("/run/sshd"); err != nil { // where it locks itself in before the login
			return nil, err
		}
		if err := sshAccount(ctx); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "sshd_config")
	text := fill(conf, dir, port) + "\n" + fmt.Sprintf(sshConf, port, dir)
	if err := replace(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s := &Server{
		URL: loopback(port), Dir: dir, ready: sshReady,
		reload:  func(*Server) error { return errors.New("restart it instead: it forks for each connection") },
		command: process.Command{Path: find("sshd"), Args: []string{"-D", "-f", file, "-E", filepath.Join(dir, "error.log")}, Dir: dir},
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start sshd in %s: %w", dir, err)
	}
	return s, nil
}

// sshAccount makes the user. Its password is one that nothing matches: a locked
// account would not be let in at all.
func sshAccount(ctx context.Context) error {
	release, err := lock(ctx, "/var/cache/bluegreen-lab/user.lock", alone)
	if err != nil {
		return err
	}
	defer release()
	if _, err := user.Lookup(sshUser); err == nil {
		return nil
	}
	return process.Run(ctx, process.Command{Path: find("useradd"), Args: []string{
		"--system", "--shell", "/bin/sh", "--home-dir", "/nonexistent", "--no-create-home", "--password", "*", sshUser,
	}})
}

// sshKeys makes the keys of the server and of the user.
func sshKeys(dir string, port int) error {
	host, hostPublic, err := newKey()
	if err != nil {
		return err
	}
	login, loginPublic, err := newKey()
	if err != nil {
		return err
	}
	return errors.Join(
		replace(filepath.Join(dir, "host_key"), host, 0o600),
		replace(filepath.Join(dir, "key"), login, 0o600),
		replace(filepath.Join(dir, "authorized_keys"), loginPublic, 0o644),
		replace(filepath.Join(dir, "known_hosts"), fmt.Appendf(nil, "[127.0.0.1]:%d %s", port, hostPublic), 0o644),
	)
}

func newKey() (private, public []byte, err error) {
	public25519, private25519, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private25519, "")
	if err != nil {
		return nil, nil, err
	}
	key, err := ssh.NewPublicKey(public25519)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(block), ssh.MarshalAuthorizedKey(key), nil
}

func sshReady(ctx context.Context, s *Server) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.URL)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	greeting := make([]byte, 4)
	if _, err := conn.Read(greeting); err != nil {
		return err
	}
	if !bytes.Equal(greeting, []byte("SSH-")) {
		return fmt.Errorf("the server greets with %q", greeting)
	}
	return nil
}

// login is what the folder of a server has for its user.
func login(s *Server) (*Login, error) {
	name := sshUser
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return nil, err
		}
		name = me.Username
	}
	key, err := os.ReadFile(filepath.Join(s.Dir, "key"))
	if err != nil {
		return nil, err
	}
	known, err := os.ReadFile(filepath.Join(s.Dir, "known_hosts"))
	if err != nil {
		return nil, err
	}
	return &Login{Server: s, URL: "ssh://" + name + "@" + s.URL, User: name, Key: string(key), KnownHosts: strings.TrimSpace(string(known))}, nil
}

// own gives a path to the user, which only root can and has to.
func (l Login) own(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := user.Lookup(l.User)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	return os.Chown(path, uid, -1)
}
