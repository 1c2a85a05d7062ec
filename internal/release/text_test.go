package release_test

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var hex64 = strings.Repeat("0123456789abcdef", 4)

// TestText reads every type that comes from outside. An empty want means that
// the text is refused, and that the error says what is wanted.
func TestText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		into encoding.TextUnmarshaler
		text string
		want string
	}{
		"blue is a slot":                           {new(release.Slot), "blue", "blue"},
		"green is a slot":                          {new(release.Slot), "green", "green"},
		"there is no third slot":                   {new(release.Slot), "red", ""},
		"a slot is lower case":                     {new(release.Slot), "Blue", ""},
		"a slot has no space around it":            {new(release.Slot), "blue ", ""},
		"no slot":                                  {new(release.Slot), "", ""},
		"a digest":                                 {new(release.Digest), "sha256:" + hex64, "sha256:" + hex64},
		"a digest of an unknown kind":              {new(release.Digest), "sha512:" + hex64, ""},
		"a digest without its kind":                {new(release.Digest), hex64, ""},
		"a digest in capitals":                     {new(release.Digest), "sha256:" + strings.ToUpper(hex64), ""},
		"a digest that is short":                   {new(release.Digest), "sha256:" + hex64[:63], ""},
		"a digest that is long":                    {new(release.Digest), "sha256:" + hex64 + "0", ""},
		"a digest and a line end":                  {new(release.Digest), "sha256:" + hex64 + "\n", ""},
		"a reference with a digest":                {new(release.Digest), "app@sha256:" + hex64, ""},
		"a SHA-1 commit":                           {new(release.Commit), hex64[:40], hex64[:40]},
		"a SHA-256 commit":                         {new(release.Commit), hex64, hex64},
		"an abbreviated commit":                    {new(release.Commit), hex64[:12], ""},
		"a length between the two":                 {new(release.Commit), hex64[:50], ""},
		"a branch":                                 {new(release.Commit), "main", ""},
		"no commit":                                {new(release.Commit), "", ""},
		"a version":                                {new(release.Version), "v1.2.0", "v1.2.0"},
		"a version that is a commit":               {new(release.Version), hex64[:40], hex64[:40]},
		"the longest version":                      {new(release.Version), strings.Repeat("v", 128), strings.Repeat("v", 128)},
		"a version that no tag can hold":           {new(release.Version), strings.Repeat("v", 129), ""},
		"a version with build metadata":            {new(release.Version), "v1.2.0+build", ""},
		"a version that begins with a dot":         {new(release.Version), ".1", ""},
		"a version that is an option":              {new(release.Version), "-rf", ""},
		"a version with a slash":                   {new(release.Version), "app/v1", ""},
		"latest names no version":                  {new(release.Version), "latest", ""},
		"no version":                               {new(release.Version), "", ""},
		"a release id":                             {new(release.ID), "shop.web-4711", "shop.web-4711"},
		"the longest release id":                   {new(release.ID), strings.Repeat("a", 200), strings.Repeat("a", 200)},
		"a release id that is too long":            {new(release.ID), strings.Repeat("a", 201), ""},
		"a release id that climbs out of a folder": {new(release.ID), "../etc", ""},
		"a release id with a slash":                {new(release.ID), "owner/shop-1", ""},
		"a release id with an accent":              {new(release.ID), "café-1", ""},
		"no release id":                            {new(release.ID), "", ""},
		"no weight":                                {new(release.Weight), "0", "0%"},
		"all the weight":                           {new(release.Weight), "100", "100%"},
		"a weight with its unit":                   {new(release.Weight), " 10% ", "10%"},
		"more than everything":                     {new(release.Weight), "101", ""},
		"less than nothing":                        {new(release.Weight), "-1", ""},
		"half a percent":                           {new(release.Weight), "0.5", ""},
		"a weight in words":                        {new(release.Weight), "ten", ""},
		"a weight with two units":                  {new(release.Weight), "10%%", ""},
		"an empty weight":                          {new(release.Weight), "", ""},
		"a weight beyond every integer":            {new(release.Weight), strings.Repeat("9", 30), ""},
		"bytes":                                    {new(release.Size), "512", "512B"},
		"bytes with their unit":                    {new(release.Size), "512 B", "512B"},
		"kilobytes":                                {new(release.Size), "1.5kB", "1.5kB"},
		"megabytes":                                {new(release.Size), "250MB", "250.0MB"},
		"gigabytes":                                {new(release.Size), "2 GB", "2.0GB"},
		"an empty image":                           {new(release.Size), "0", "0B"},
		"almost a megabyte":                        {new(release.Size), "999970", "1.0MB"},
		"a negative size":                          {new(release.Size), "-1MB", ""},
		"an unknown unit":                          {new(release.Size), "1MiB", ""},
		"a size beyond every disk":                 {new(release.Size), "1e30GB", ""},
		"infinitely many bytes":                    {new(release.Size), "Inf", ""},
		"not a number of bytes":                    {new(release.Size), "NaN", ""},
		"a unit without a number":                  {new(release.Size), "MB", ""},
		"passed is a status":                       {new(release.Status), "passed", "passed"},
		"signed off is a status":                   {new(release.Status), "signed off", "signed off"},
		"fine is no status":                        {new(release.Status), "fine", ""},
		"an empty status is none":                  {new(release.Status), "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.into.UnmarshalText([]byte(tt.text))
			got := fmt.Sprint(reflect.ValueOf(tt.into).Elem())
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("%q was taken as %s", tt.text, got)
			case tt.want == "" && !strings.Contains(err.Error(), fmt.Sprintf("%q", tt.text)):
				t.Errorf("the error does not name %q: %v", tt.text, err)
			case tt.want == "" && !reflect.ValueOf(tt.into).Elem().IsZero():
				t.Errorf("refused, but it is %s now", got)
			case tt.want != "" && (err != nil || got != tt.want):
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestShortForms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ got, want string }{
		"of a digest":                   {release.Digest("sha256:" + hex64).Short(), hex64[:12]},
		"of a digest that is none":      {release.Digest("sha256:ab").Short(), "sha256:ab"},
		"of a commit":                   {release.Commit(hex64[:40]).Short(), hex64[:12]},
		"of a commit that is not there": {release.Commit("").Short(), ""},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestOther(t *testing.T) {
	t.Parallel()
	for _, slot := range release.Slots {
		if other := slot.Other(); other == slot || other.Other() != slot {
			t.Errorf("beside %s stands %s", slot, other)
		}
	}
}
