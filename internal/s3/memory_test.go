package s3_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/s3"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

// storeOne stores one dump and prints how many bytes were allocated for that.
func storeOne() int {
	var m migration.Manifest
	var s migration.Bucket
	for name, into := range map[string]any{"BLUEGREEN_TEST_DUMP": &m, "BLUEGREEN_TEST_BUCKET": &s} {
		if err := json.Unmarshal([]byte(os.Getenv(name)), into); err != nil {
			panic(err)
		}
	}
	m.Path, s.SecretKey = os.Getenv("BLUEGREEN_TEST_PATH"), s3test.Secret
	v, err := s3.New(s, time.Hour)
	if err != nil {
		panic(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := v.Store(context.Background(), m); err != nil {
		fmt.Println(err)
		return 1
	}
	runtime.ReadMemStats(&after)
	fmt.Println(after.TotalAlloc - before.TotalAlloc)
	return 0
}

// TestADumpIsNeverInMemory stores one of four parts in a process that allocates
// less than one part has.
func TestADumpIsNeverInMemory(t *testing.T) {
	t.Parallel()
	at := store(t)
	body := make([]byte, 64<<20)
	m := manifest("shop-1", body)
	m.Path = filepath.Join(t.TempDir(), m.Name)
	if err := os.WriteFile(m.Path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	var env []string
	for name, value := range map[string]any{"BLUEGREEN_TEST_DUMP": m, "BLUEGREEN_TEST_BUCKET": bucket(at)} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+string(text))
	}
	var out bytes.Buffer
	err := process.Run(t.Context(), process.Command{Path: os.Args[0], Env: append(env, "BLUEGREEN_TEST_PATH="+m.Path), Stdout: io.Writer(&out)})
	allocated, parseErr := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil || parseErr != nil || allocated > 12<<20 {
		t.Errorf("%s, %v, %v: want at most %d bytes allocated", out.String(), err, parseErr, 12<<20)
	}
	t.Logf("allocated %d bytes for a dump of %d", allocated, len(body))
}
