package ssh

import (
	"net"
	"testing"
)

// FuzzKnownHosts holds to this: whatever a line of known hosts says, a key that it
// does not have is never taken.
func FuzzKnownHosts(f *testing.F) {
	for _, seed := range []string{
		"[web.example.com]:22 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
		"web.example.com ssh-rsa AAAA", "* ssh-ed25519 AAAA", "@cert-authority *.example.com ssh-ed25519 AAAA", "@revoked * ssh-rsa AAAA",
		"|1|a|b ssh-ed25519 AAAA", "# a comment", "web.example.com \x00 b", "! a b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		at := target{user: "deploy", address: "web.example.com:22"}
		check, _, err := Settings{KnownHosts: "# known \n" + line}.trust(at)
		if err == nil && check(at.address, &net.TCPAddr{}, nobody()) == nil {
			t.Errorf("%q: a key that nobody has is taken", line)
		}
	})
}
