package openloop

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"syscall"
)

// connection is one to the server, with what was read ahead from it.
type connection struct {
	*net.TCPConn
	in *bufio.Reader
}

// open tells whether the server has neither closed the connection nor sent
// anything on it, by a look that takes nothing out and does not wait.
func (c *connection) open() bool {
	if c.in.Buffered() > 0 {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && open
}

// pool keeps idle connections, the last one used on top.
type pool struct {
	mu   sync.Mutex
	idle []*connection
}

func (p *pool) take() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return last
}

func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
}

func (p *pool) close() {
	for c := p.take(); c != nil; c = p.take() {
		c.Close()
	}
}
