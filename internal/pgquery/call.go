package pgquery

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

// run calls a function that returns nothing.
func (m *machine) run(name string, args ...uint64) error {
	_, err := m.call(name, args...)
	return err
}

func (m *machine) call(name string, args ...uint64) (uint64, error) {
	f := m.mod.ExportedFunction(name)
	if f == nil {
		return 0, fmt.Errorf("the parser has no function %s", name)
	}
	results, err := f.Call(context.WithValue(context.Background(), jumpsKey{}, &m.jumps), args...)
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return results[0], nil
}

// function is a parsing function. Its result is a struct of pointers: to JSON first,
// to an error last.
type function struct {
	name, free string
	size       uint32
}

var (
	parseSQL     = function{"pg_query_parse", "pg_query_free_parse_result", 12}
	parsePlpgsql = function{"pg_query_parse_plpgsql", "pg_query_free_plpgsql_parse_result", 8}
)

// ask gives text to a parsing function and returns its JSON, or the error that it
// found in the text.
func (m *machine) ask(f function, text string) (string, error) {
	input, err := m.put(text)
	if err != nil {
		return "", err
	}
	result, err := m.call("malloc", uint64(f.size))
	if err != nil {
		return "", err
	}
	top := m.mod.ExportedGlobal("__stack_pointer").(api.MutableGlobal)
	base := top.Get()
	err = m.jumps.again(func() error {
		top.Set(base)
		return m.run(f.name, result, input)
	})
	if err != nil {
		return "", err
	}
	fields := m.read(uint32(result), f.size)
	answer, problem := m.text(fields), m.problem(fields[f.size-4:])
	for _, free := range []struct {
		name string
		at   uint64
	}{{f.free, result}, {"free", result}, {"free", input}} {
		if err := m.run(free.name, free.at); err != nil {
			return "", err
		}
	}
	return answer, problem
}

// put copies text into the module, with a zero byte behind it.
func (m *machine) put(text string) (uint64, error) {
	at, err := m.call("malloc", uint64(len(text)+1))
	if err == nil && (at == 0 || !m.mod.Memory().Write(uint32(at), append([]byte(text), 0))) {
		err = fmt.Errorf("text of %d bytes: too much for the parser", len(text))
	}
	return at, err
}

func (m *machine) read(at, size uint32) []byte {
	view, ok := m.mod.Memory().Read(at, size)
	if !ok {
		return make([]byte, size)
	}
	return append([]byte(nil), view...)
}

// text is what a pointer leads to, up to its zero byte.
func (m *machine) text(pointer []byte) string {
	at := binary.LittleEndian.Uint32(pointer)
	if at == 0 {
		return ""
	}
	view, ok := m.mod.Memory().Read(at, m.mod.Memory().Size()-at)
	if !ok {
		return ""
	}
	for i, b := range view {
		if b == 0 {
			return string(view[:i])
		}
	}
	return ""
}

// problem is the error that a pointer leads to: a struct of message, function,
// file, line, position and context.
func (m *machine) problem(pointer []byte) error {
	at := binary.LittleEndian.Uint32(pointer)
	if at == 0 {
		return nil
	}
	fields := m.read(at, 24)
	return &Error{Message: m.text(fields), Position: int(int32(binary.LittleEndian.Uint32(fields[16:])))}
}

// Error is what PostgreSQL says about text that is not SQL.
type Error struct {
	Message  string
	Position int // in characters, from 1; 0 when it is not known
}

func (e *Error) Error() string { return e.Message }
