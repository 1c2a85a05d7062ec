package review_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// BenchmarkReview reviews 400 files, as a project of some years has them, in a
// process that has not parsed anything yet; and one file, as a release has it.
func BenchmarkReview(b *testing.B) {
	for _, n := range []int{1, 400} {
		b.Run(fmt.Sprintf("%d files", n), func(b *testing.B) {
			files, size := many(n)
			for b.Loop() {
				began := time.Now()
				r, err := review.Run(&pgquery.Parser{}, files, review.NewSchema("files"), review.Options{Version: 15, Apart: true, LockTimeout: time.Second})
				if err != nil || len(r.Files) != n {
					b.Fatal(len(r.Files), err)
				}
				b.ReportMetric(time.Since(began).Seconds(), "s")
				b.ReportMetric(float64(size)/1024, "KB")
			}
		})
	}
}

// many are files of about a kilobyte, made of the examples of the rules.
func many(n int) ([]review.File, int) {
	var files []review.File
	size := 0
	all := review.Rules()
	for i := range n {
		text := users
		for j := range 24 {
			if r := all[(i*24+j)%len(all)]; r.ID != "syntax-error" {
				text += "\n" + r.Good
			}
		}
		if i > 0 {
			text = text[len(users):]
		}
		size += len(text)
		files = append(files, review.File{Path: fmt.Sprintf("%03d_x.up.sql", i), SQL: text})
	}
	return files, size
}
