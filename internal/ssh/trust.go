package ssh

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// configure is how to greet a host: who we are, and which keys it may have.
func (s Settings) configure(t target) (*ssh.ClientConfig, func(), error) {
	check, algorithms, err := s.trust(t)
	if err != nil {
		return nil, nil, err
	}
	auth, done, err := s.auth()
	if err != nil {
		return nil, nil, err
	}
	return &ssh.ClientConfig{
		User: t.user, Auth: []ssh.AuthMethod{auth}, Timeout: dialTime,
		HostKeyCallback: check, HostKeyAlgorithms: algorithms,
	}, done, nil
}

func (s Settings) auth() (ssh.AuthMethod, func(), error) {
	if s.Key != "" {
		signer, err := s.signer()
		if err != nil {
			return nil, nil, release.Reject("correct the key of ssh", "ssh: %w", err)
		}
		return ssh.PublicKeys(signer), func() {}, nil
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, nil, release.Reject("set the key of ssh, or start an agent", "ssh: there is no key and no agent")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, nil, release.CannotTell("set the key of ssh, or start the agent again", "ssh: ask the agent: %w", err)
	}
	return ssh.PublicKeysCallback(agent.NewClient(conn).Signers), func() { _ = conn.Close() }, nil
}

// trust is the check of the host's key, and the kinds of keys that are known: a
// host that has several would else choose one that nobody has written down.
func (s Settings) trust(t target) (ssh.HostKeyCallback, []string, error) {
	path, clean, err := s.knownHosts()
	if err != nil {
		return nil, nil, fmt.Errorf("ssh: known hosts: %w", err)
	}
	defer clean()
	check, err := knownhosts.New(path)
	if err != nil {
		return nil, nil, release.Reject("set known-hosts of ssh to what ssh-keyscan prints, compared with the host's own", "ssh: known hosts: %w", err)
	}
	var unknown *knownhosts.KeyError
	if errors.As(check(t.address, &net.TCPAddr{}, nobody()), &unknown) && len(unknown.Want) == 0 {
		return stranger(check), nil, nil // it may have a certificate of a known authority
	}
	var algorithms []string
	for _, known := range unknown.Want {
		algorithms = append(algorithms, algorithmsOf(known.Key.Type())...)
	}
	return stranger(check), slices.Compact(algorithms), nil
}

// stranger says what to do about a key that is not known, or another one.
func stranger(check ssh.HostKeyCallback) ssh.HostKeyCallback {
	return func(name string, remote net.Addr, key ssh.PublicKey) error {
		err := check(name, remote, key)
		var unknown *knownhosts.KeyError
		switch {
		case !errors.As(err, &unknown):
			return err
		case len(unknown.Want) == 0:
			return release.Reject("add it to known-hosts of ssh, once you know it is the host's own",
				"host %s is not known: it says its key is %s %s", name, key.Type(), ssh.FingerprintSHA256(key))
		}
		return release.Refuse("find out why, before you change known-hosts of ssh",
			"host %s has another key than the known one: it says %s %s; somebody may stand in between", name, key.Type(), ssh.FingerprintSHA256(key))
	}
}

func algorithmsOf(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// nobody is a key that no host has.
func nobody() ssh.PublicKey {
	key, err := ssh.NewPublicKey(make(ed25519.PublicKey, ed25519.PublicKeySize))
	if err != nil {
		panic(err) // the length is right
	}
	return key
}

// greet makes an SSH connection of a network connection, and ends both with ctx.
func greet(ctx context.Context, conn net.Conn, t target, config *ssh.ClientConfig) (*ssh.Client, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, t.address, config)
	if !stop() || err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, errors.Join(err, conn.Close())
	}
	return ssh.NewClient(c, channels, requests), nil
}
