package pgquery

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// PostgreSQL reports an error by a jump from the depths of the parser back to the
// function that catches it (setjmp and longjmp). WebAssembly cannot jump, so the
// module asks its host to. This host ends the call instead, and then repeats it:
// everything happens as before up to the place of the catch, which is now told
// that an error has come, and finds it in memory.

// jumps stands in for setjmp and longjmp.
type jumps struct {
	places int // that were marked in this call
	taken  int // the place that is told of the error, or none
}

const none = -1

// jump ends a call.
type jump struct{ to int }

func (jump) Error() string { return "a jump of the parser" }

// again repeats the call when it ends in a jump. An error behind an error is the
// parser's own.
func (j *jumps) again(call func() error) error {
	j.places, j.taken = 0, none
	err := call()
	if to, jumped := errors.AsType[jump](err); jumped {
		j.places, j.taken = 0, to.to
		err = call()
	}
	return err
}

// jumpsKey finds the jumps of a call in its context.
type jumpsKey struct{}

// mark is setjmp: it writes the number of the place, and whether an error came.
func mark(ctx context.Context, m api.Module, stack []uint64) {
	j := ctx.Value(jumpsKey{}).(*jumps)
	place, result := uint32(stack[0]), uint32(stack[1])
	m.Memory().WriteUint64Le(place, uint64(j.places))
	came := uint64(0)
	if j.places == j.taken {
		came = 1
	}
	m.Memory().WriteUint64Le(result, came)
	j.places++
	stack[0] = 0
}

// leap is longjmp.
func leap(_ context.Context, m api.Module, stack []uint64) {
	place, _ := m.Memory().ReadUint64Le(uint32(stack[0]))
	panic(jump{int(place)})
}

const i32, i64 = api.ValueTypeI32, api.ValueTypeI64

// exportJumps gives the module what it imports besides WASI. What belongs to threads
// and signals is never called.
func exportJumps(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder("wasix_32v1")
	add := func(name string, f api.GoModuleFunc, takes, gives []api.ValueType) {
		b.NewFunctionBuilder().WithGoModuleFunction(f, takes, gives).Export(name)
	}
	add("stack_checkpoint", mark, []api.ValueType{i32, i32}, []api.ValueType{i32})
	add("stack_restore", leap, []api.ValueType{i32, i64}, nil)
	for name, takes := range map[string]int{"callback_signal": 2, "thread_exit": 1} {
		add(name, never, make32(takes), nil)
	}
	for name, takes := range map[string]int{"futex_wait": 4, "futex_wake": 2, "futex_wake_all": 2, "proc_id": 1, "thread_signal": 2} {
		add(name, never, make32(takes), []api.ValueType{i32})
	}
	_, err := b.Instantiate(ctx)
	return err
}

func never(context.Context, api.Module, []uint64) { panic("the parser has no threads") }

func make32(n int) []api.ValueType {
	list := make([]api.ValueType, n)
	for i := range list {
		list[i] = i32
	}
	return list
}
