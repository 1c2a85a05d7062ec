package main_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLaunchANamedProgram(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"plain", `a "quoted" folder's [name] $HOME`} {
		l := newLauncher(t, folder)
		path := filepath.Join(l.dir, "my program")
		place(t, path, program)
		status, out, errs := l.run([]string{"BLUEGREEN_BINARY=" + path, "BLUEGREEN_BUILD=1"}, "shift", "--note", "two words", "", "$HOME")
		if want := path + "\n[shift]\n[--note]\n[two words]\n[]\n[$HOME]\n"; status != 0 || out != want {
			t.Errorf("%s: exit status %d: %q, want %q: %s", folder, status, out, want, errs)
		}
	}
}

func TestLaunchANamedProgramThatIsNone(t *testing.T) {
	t.Parallel()
	l := newLauncher(t, "plain")
	place(t, filepath.Join(l.dir, "text"), "text")
	if err := os.Chmod(filepath.Join(l.dir, "text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/no/such/program", l.dir, filepath.Join(l.dir, "text")} {
		status, out, errs := l.run([]string{"BLUEGREEN_BINARY=" + path}, "shift")
		if want := "::error title=bluegreen launcher::BLUEGREEN_BINARY is " + path + ", which is no program"; status != 2 || out != "" || !strings.HasPrefix(errs, want) {
			t.Errorf("%s: exit status %d: %s%s", path, status, out, errs)
		}
	}
}

// TestLaunchANamedProgramOfThisFolder would run another program of the same
// name from PATH, if exec were left to look for it.
func TestLaunchANamedProgramOfThisFolder(t *testing.T) {
	t.Parallel()
	l := newLauncher(t, "plain")
	l.bin(t, "bluegreen", "echo from PATH")
	place(t, filepath.Join(l.dir, "bluegreen"), program)
	cmd := exec.Command("bash", "launch", "help")
	cmd.Dir, cmd.Env = l.dir, append(l.env, "BLUEGREEN_BINARY=bluegreen", "CDPATH=..")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "bluegreen\n[help]\n") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLaunchDownloads(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"plain", `a "quoted" folder's [name]`} {
		l := newLauncher(t, folder)
		l.pin(t, program)
		url, asked := mirror(t, serve(program))
		for range 2 {
			status, out, errs := l.run([]string{"BLUEGREEN_MIRROR=" + url}, "shift", "--dry-run")
			if status != 0 || !strings.HasPrefix(out, l.cache+"/bluegreen/v0.1.0-") || !strings.HasSuffix(out, "[shift]\n[--dry-run]\n") {
				t.Errorf("%s: exit status %d: %s%s", folder, status, out, errs)
			}
		}
		if asked.Load() != 1 || len(l.cached(t)) != 1 {
			t.Errorf("%s: the mirror was asked %d times, the cache holds %q", folder, asked.Load(), l.cached(t))
		}
	}
}

// A machine without a network has a folder for a mirror, and a runner that has
// the program asks nobody.
func TestLaunchOffline(t *testing.T) {
	t.Parallel()
	l := newLauncher(t, "plain")
	l.pin(t, program)
	folder := filepath.Join(l.dir, "a mirror")
	for _, target := range []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"} {
		place(t, filepath.Join(folder, "v0.1.0", "bluegreen-"+target), program)
	}
	for _, mirror := range []string{"file://" + strings.ReplaceAll(folder, " ", "%20"), "http://127.0.0.1:1"} {
		status, out, errs := l.run([]string{"BLUEGREEN_MIRROR=" + mirror}, "shift")
		if status != 0 || !strings.HasSuffix(out, "[shift]\n") {
			t.Errorf("%s: exit status %d: %s%s", mirror, status, out, errs)
		}
	}
}

func TestLaunchReplacesWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	l := newLauncher(t, "plain")
	l.pin(t, program)
	url, asked := mirror(t, serve(program))
	if status, _, errs := l.run([]string{"BLUEGREEN_MIRROR=" + url}); status != 0 {
		t.Fatal(status, errs)
	}
	place(t, l.cached(t)[0], "#!/bin/sh\necho evil\n")
	status, out, errs := l.run([]string{"BLUEGREEN_MIRROR=" + url}, "shift")
	if status != 0 || strings.Contains(out, "evil") || asked.Load() != 2 {
		t.Errorf("exit status %d after %d requests: %s%s", status, asked.Load(), out, errs)
	}
	place(t, l.cached(t)[0], "#!/bin/sh\necho evil\n")
	status, out, errs = l.run([]string{"BLUEGREEN_MIRROR=http://127.0.0.1:1"}, "shift")
	if status != 2 || strings.Contains(out, "evil") || !strings.Contains(errs, "::error title=bluegreen launcher::could not download http://127.0.0.1:1/v0.1.0/") {
		t.Errorf("exit status %d: %s%s", status, out, errs)
	}
}

// A machine has one of three programs that take the sum. One that does not work, or
// says something else, is no reason to run what nobody has compared.
func TestLaunchComparesWithWhatThereIs(t *testing.T) {
	t.Parallel()
	const broken = "exit 1"
	tests := map[string]struct {
		broken  map[string]string
		refused bool
	}{
		"openssl":                        {nil, false},
		"sha256sum":                      {map[string]string{"openssl": broken}, false},
		"sha256sum beside another tool":  {map[string]string{"openssl": "echo unknown option"}, false},
		"nothing":                        {map[string]string{"openssl": broken, "sha256sum": broken, "shasum": broken}, true},
		"a sum of another program by it": {map[string]string{"openssl": "echo " + strings.Repeat("0", 64)}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLauncher(t, "plain")
			l.pin(t, program)
			for tool, script := range tt.broken {
				l.bin(t, tool, script)
			}
			url, _ := mirror(t, serve(program))
			for range 2 { // as it is downloaded, and as it is cached
				status, out, errs := l.run([]string{"BLUEGREEN_MIRROR=" + url}, "shift")
				if ran := strings.HasSuffix(out, "[shift]\n"); ran == tt.refused || (status == 2) != tt.refused || strings.Contains(errs, "::error title=bluegreen launcher::") != tt.refused {
					t.Errorf("exit status %d: %s%s", status, out, errs)
				}
			}
		})
	}
}

func TestLaunchRefusesDownloads(t *testing.T) {
	t.Parallel()
	truncated := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(program)+100))
		fmt.Fprint(w, program)
		panic(http.ErrAbortHandler)
	}
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"another program":   {serve(program + "# evil\n"), "is pinned: do not use it"},
		"nothing":           {serve(""), "is pinned: do not use it"},
		"not found":         {http.NotFound, "could not download"},
		"not allowed":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "could not download"},
		"a part of it":      {truncated, "could not download"},
		"a page that fails": {http.RedirectHandler("/lost", http.StatusFound).ServeHTTP, "could not download"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLauncher(t, "plain")
			l.pin(t, program)
			url, _ := mirror(t, tt.answer)
			status, out, errs := l.run([]string{"BLUEGREEN_MIRROR=" + url}, "shift")
			if status != 2 || out != "" || !strings.Contains(errs, "::error title=bluegreen launcher::") || !strings.Contains(errs, tt.want) {
				t.Errorf("exit status %d: %s%s", status, out, errs)
			}
			if left := l.cached(t); len(left) != 0 {
				t.Errorf("the cache holds %q", left)
			}
		})
	}
}

func TestLaunchWithoutAPinnedRelease(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ uname, pinned, want string }{
		"another system":           {"FreeBSD", "", "bluegreen does not run on FreeBSD: use a Linux or macOS runner"},
		"another processor":        {"Linux sparc64", "", "bluegreen does not run on sparc64 processors: use an amd64 or arm64 runner"},
		"a platform without a pin": {"Linux aarch64", "version v0.1.0\nlinux-amd64 " + strings.Repeat("0", 64), "no release is pinned for linux-arm64 in "},
		"a pin that is cut":        {"Linux x86_64", "version v0.1.0\nlinux-amd64 " + strings.Repeat("0", 63), "no release is pinned for linux-amd64 in "},
		"a pin without a version":  {"Darwin arm64", "darwin-arm64 " + strings.Repeat("0", 64), "no release is pinned for darwin-arm64 in "},
		"no pins at all":           {"Linux amd64", "", "no release is pinned for linux-amd64 in "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLauncher(t, "plain")
			system, processor, _ := strings.Cut(tt.uname, " ")
			l.bin(t, "uname", fmt.Sprintf("[ \"$1\" = -sm ] && echo %s %s", system, processor))
			if tt.pinned != "" {
				place(t, filepath.Join(l.dir, "pinned"), tt.pinned)
			}
			status, out, errs := l.run(nil, "shift")
			if status != 2 || out != "" || !strings.Contains(errs, "::error title=bluegreen launcher::"+tt.want) {
				t.Errorf("exit status %d: %s%s", status, out, errs)
			}
		})
	}
}

func TestLaunchBuildsOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	l := newLauncher(t, "a folder")
	l.pin(t, program)
	url, _ := mirror(t, http.NotFound)
	record := filepath.Join(l.dir, "argv")
	l.bin(t, "go", `printf '%s\n' "$CGO_ENABLED" "$PWD" "$@" >`+"'"+record+"'"+"\n"+`printf '#!/bin/sh\necho built "$@"\n' >"$4" && chmod +x "$4"`)
	for _, value := range []string{"", "0", "true"} {
		if status, _, _ := l.run([]string{"BLUEGREEN_MIRROR=" + url, "BLUEGREEN_BUILD=" + value}, "shift"); status != 2 {
			t.Errorf("BLUEGREEN_BUILD=%s: exit status %d", value, status)
		}
		if _, err := os.Stat(record); err == nil {
			t.Errorf("BLUEGREEN_BUILD=%s built it", value)
		}
	}
	status, out, errs := l.run([]string{"BLUEGREEN_BUILD=1"}, "shift", "--dry-run")
	if status != 0 || out != "built shift --dry-run\n" {
		t.Errorf("exit status %d: %s%s", status, out, errs)
	}
	argv, err := os.ReadFile(record)
	if want := "0\n" + l.dir + "\nbuild\n-trimpath\n-o\n" + l.cache; err != nil || !strings.HasPrefix(string(argv), want) || !strings.HasSuffix(string(argv), "\n.\n") {
		t.Errorf("%v: go was called as %q", err, argv)
	}
	l.bin(t, "go", "exit 1")
	if status, out, errs = l.run([]string{"BLUEGREEN_BUILD=1"}, "shift"); status != 2 || out != "" || !strings.Contains(errs, "building bluegreen from ") {
		t.Errorf("a broken build: exit status %d: %s%s", status, out, errs)
	}
}

// TestSignalsReachTheProgram starts the launcher as a runner does, in a script
// with exec, and signals the process that the runner knows.
func TestSignalsReachTheProgram(t *testing.T) {
	ignored := make(chan os.Signal, 1) // without this, a test in the background would hand down an ignored SIGINT
	signal.Notify(ignored, os.Interrupt)
	defer signal.Stop(ignored)
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		l := newLauncher(t, "plain")
		listening := "#!/bin/sh\ntrap 'echo INT; exit 40' INT\ntrap 'echo TERM; exit 41' TERM\necho $$\nwhile :; do sleep 0.05; done\n"
		l.pin(t, listening)
		url, _ := mirror(t, serve(listening))
		place(t, filepath.Join(l.dir, "step.sh"), "exec \""+l.dir+"/launch\" shift\n")
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", filepath.Join(l.dir, "step.sh"))
		cmd.Env = append(l.env, "BLUEGREEN_MIRROR="+url)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if lines.Scan(); lines.Text() != fmt.Sprint(cmd.Process.Pid) {
			t.Errorf("the program is process %s, the step is %d", lines.Text(), cmd.Process.Pid)
		}
		if err := cmd.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		lines.Scan()
		_ = cmd.Wait()
		if want := map[syscall.Signal]string{syscall.SIGINT: "INT 40", syscall.SIGTERM: "TERM 41"}[sent]; fmt.Sprint(lines.Text(), " ", cmd.ProcessState.ExitCode()) != want {
			t.Errorf("%v: got %q and exit status %d, want %s", sent, lines.Text(), cmd.ProcessState.ExitCode(), want)
		}
	}
}
