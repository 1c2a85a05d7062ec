package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
)

const lintUsage = `bluegreen lint: reviews migration files as the migrate action does, without a database.

Usage: bluegreen lint [flags] PATH

PATH is a folder of migrations, with the contract migrations in their own folder, or one file of it. Each file is taken for a release of its own, and those
before it for applied, unless --after names the version that the database has: the files behind it are then
one release. What is known of tables is from the files before.

`

// linting is what lint was asked for.
type linting struct {
	path     string
	format   string
	after    int64
	allow    string
	config   string
	waited   bool // all files are contract migrations
	options  review.Options
	broken   []*migration.FileProblem // in comments
	notes    []string                 // what a person should know of the files, and nothing depends on
	database migration.Settings       // of the configuration
}

func lint(c command, args []string) int {
	l := linting{options: review.Options{Apart: true}}
	flags := flag.NewFlagSet("lint", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&l.options.Version, "postgres", 15, "version of PostgreSQL, 12 to 17")
	flags.StringVar(&l.format, "format", "", "text, json, sarif or github; by default github inside of a workflow, else text")
	flags.Int64Var(&l.after, "after", -1, "version that the database has; -1 when it is not known")
	flags.StringVar(&l.allow, "allow", "", "ids of unsafe rules for which an acknowledgement is enough, with commas between, as in database.allow")
	flags.StringVar(&l.config, "config", "", "configuration file whose database.allow counts, too; .github/bluegreen.yml when there is one")
	flags.BoolVar(&l.waited, "contract", false, "the files are contract migrations, which run when nobody uses any more what they take away, see docs/migrations.md")
	flags.DurationVar(&l.options.LockTimeout, "lock-timeout", 100*time.Millisecond, "that the files are applied with; 0 when nobody sets one")
	flags.BoolVar(&l.options.Style, "style", false, "look for matters of taste as well")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(c.stdout, lintUsage)
		flags.SetOutput(c.stdout)
		flags.PrintDefaults()
		return 0
	}
	if err == nil {
		err = l.take(c, flags.Args())
	}
	if err == nil {
		err = l.run(c)
	} else {
		err = release.Reject("see bluegreen lint --help", "lint: %w", err)
	}
	if err != nil && (release.ExitStatus(err) != int(release.Refused) || l.format == "text") {
		fmt.Fprintln(c.stderr, "bluegreen:", err)
	}
	return release.ExitStatus(err)
}

// take refuses what does not fit together.
func (l *linting) take(c command, args []string) error {
	if l.format == "" {
		l.format = "text"
		if c.getenv("GITHUB_ACTIONS") == "true" {
			l.format = "github"
		}
	}
	switch {
	case len(args) != 1:
		return fmt.Errorf("want one path, have %d", len(args))
	case !slices.Contains([]string{"text", "json", "sarif", "github"}, l.format):
		return fmt.Errorf("format %q: want text, json, sarif or github", l.format)
	case l.options.Version < review.Oldest || l.options.Version > review.Newest:
		return fmt.Errorf("postgres %d: want %d to %d", l.options.Version, review.Oldest, review.Newest)
	case l.options.LockTimeout < 0:
		return fmt.Errorf("lock-timeout %v: want 0 or more", l.options.LockTimeout)
	}
	l.path, l.options.Apart = args[0], l.after < 0
	if err := l.configured(); err != nil {
		return err
	}
	l.waited = l.waited || l.isContract()
	return review.Policy(l.policy())
}

func (l *linting) policy() []string {
	return append(strings.FieldsFunc(l.allow, func(r rune) bool { return r == ',' || r == ' ' }), l.database.Allow...)
}

func (l *linting) run(c command) error {
	files, err := l.files()
	if err != nil {
		return err
	}
	result, err := review.Run(&pgquery.Parser{}, files, review.NewSchema("the files before"), l.options)
	if err != nil {
		return release.CannotTell("report this as a fault of bluegreen, with the file", "lint: %w", err)
	}
	for _, p := range l.broken {
		result.AddFile(filepath.ToSlash(p.Path), p.Err.Error())
	}
	if err := l.print(c, result); err != nil {
		return err
	}
	if open := result.Open(l.policy()); len(open) > 0 {
		return release.Refuse("", "lint: %d findings are open", len(open))
	}
	return nil
}

// ahead refuses a version that leaves nothing to review: one that the folder does
// not have yet, or that the only file is not behind. A database that has all
// files is as it should be.
func (l *linting) ahead(list []migration.Named, only string) error {
	if newest := int64(list[len(list)-1].Version); l.after > newest {
		return release.Reject("give the version that the database has, or the folder that it has it from", "lint: no file after %d; the newest is %d", l.after, newest)
	}
	for _, f := range list {
		if f.Name == only && int64(f.Version) <= l.after {
			return release.Reject("leave --after out to review a file that is applied", "lint: %s is not after %d", f.Name, l.after)
		}
	}
	return nil
}

func (l *linting) print(c command, r review.Review) error {
	var text []byte
	var err error
	switch l.format {
	case "json":
		text, err = r.JSON(l.policy())
	case "sarif":
		text, err = r.SARIF(l.policy())
	case "github":
		run := runner.New(c.getenv, c.stdout)
		for _, a := range connect.Annotations(r, l.policy()) {
			run.Annotate(a)
		}
		if len(l.notes) > 0 {
			run.Annotate(runner.Annotation{Level: runner.Notice, Title: "migrations", Text: strings.Join(l.notes, "\n")})
		}
		run.Log().Flush()
		text = []byte(r.Sum(l.policy()) + "\n")
	default:
		log := runner.New(c.getenv, c.stdout).Log() // names of files may be anything
		for _, n := range l.notes {
			fmt.Fprintln(log, "note:", n)
		}
		_, err = io.WriteString(log, r.Text(l.policy()))
	}
	if err == nil {
		_, err = c.stdout.Write(text)
	}
	return err
}
