package lab

import (
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
)

// Ports are taken from a range that no system uses for outgoing connections, so
// that a port which is free now is not taken by a client a moment later.
const firstPort, lastPort = 21000, 31999

// ClaimPorts finds n free ports of the loopback interface and keeps other processes
// of the lab from choosing them until release is called, or this process ends.
func ClaimPorts(n int) (ports []int, release func(), err error) {
	home, err := Home()
	if err != nil {
		return nil, nil, err
	}
	dir, err := folder(home, "ports")
	if err != nil {
		return nil, nil, err
	}
	var claims []func()
	release = func() {
		for _, unlock := range claims {
			unlock()
		}
	}
	for _, i := range rand.Perm(lastPort - firstPort + 1) {
		if len(ports) == n {
			break
		}
		port := firstPort + i
		if unlock, err := tryLock(filepath.Join(dir, strconv.Itoa(port)), alone); err == nil {
			claims = append(claims, unlock)
			if free(port) {
				ports = append(ports, port)
			}
		}
	}
	if len(ports) < n {
		release()
		return nil, nil, fmt.Errorf("claim %d ports: from %d to %d only %d are free", n, firstPort, lastPort, len(ports))
	}
	return ports, release, nil
}

func free(port int) bool {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
