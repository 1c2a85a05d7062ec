package pgquery

import (
	"context"
	"fmt"
	"runtime"
	_ "unsafe" // for go:linkname

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	_ "github.com/wasilibs/go-pgquery/parser" // links the module below
)

// module is libpg_query as WebAssembly, as go-pgquery ships it: go.sum pins its
// bytes. That package itself would compile it at every start.
//
//go:linkname module github.com/wasilibs/go-pgquery/internal/wasm.LibPGQuery
var module []byte

// engine is a way to run the module, ready for any number of instances.
type engine struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// interpreter is ready in about a tenth of a second, and slow.
func interpreter() (*engine, error) { return newEngine(wazero.NewRuntimeConfigInterpreter()) }

// compiler is ready after more than a second, and fast, where wazero has a compiler
// for the machine.
func compiler() (*engine, error) { return newEngine(wazero.NewRuntimeConfig()) }

func newEngine(config wazero.RuntimeConfig) (*engine, error) {
	ctx := context.Background()
	e := &engine{runtime: wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.runtime); err != nil {
		return nil, fmt.Errorf("start SQL parser: %w", err)
	}
	if err := exportJumps(ctx, e.runtime); err != nil {
		return nil, fmt.Errorf("start SQL parser: %w", err)
	}
	var err error
	if e.code, err = e.runtime.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), module); err != nil {
		return nil, fmt.Errorf("start SQL parser: %w", err)
	}
	return e, nil
}

// machine is one instance of the module. It is not safe for concurrent use.
type machine struct {
	mod   api.Module
	jumps jumps
}

func (e *engine) start() (*machine, error) {
	ctx := experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(allocate))
	m := &machine{}
	var err error
	m.mod, err = e.runtime.InstantiateModule(ctx, e.code, wazero.NewModuleConfig().WithName("").WithSysNanotime().WithStartFunctions("_initialize"))
	if err == nil {
		err = m.run("pg_query_init")
	}
	if err != nil {
		return nil, fmt.Errorf("start SQL parser: %w", err)
	}
	return m, nil
}

// most is how much memory the parser may use. The module asks for room to grow to
// 4 GB at once, which the collector would take for used.
const most = 256 << 20

type memory []byte

func allocate(size, _ uint64) experimental.LinearMemory { return memory(make([]byte, size, most)) }

// Reallocate grows the memory in its place, or not.
func (m memory) Reallocate(size uint64) []byte {
	if size > most {
		return nil
	}
	return m[:size]
}

// Free leaves the memory to the collector.
func (m memory) Free() {}
