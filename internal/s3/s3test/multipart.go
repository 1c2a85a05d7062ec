package s3test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/johannesboyne/gofakes3"
)

// begin wants a checksum for all parts.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, _ string, _ []byte) bool {
	if r.Header.Get("X-Amz-Checksum-Algorithm") != "SHA256" {
		refuse(w, r, http.StatusBadRequest, "InvalidRequest")
		return false
	}
	return true
}

// uploads answers for a bucket without any, which gofakes3 takes for a mistake.
func (s *Server) uploads(w http.ResponseWriter, _ *http.Request, _ string, _ []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.headers) > 0 {
		return true
	}
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `%s<ListMultipartUploadsResult><Bucket>%s</Bucket><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`, xml.Header, Bucket)
	return false
}

func (s *Server) part(w http.ResponseWriter, r *http.Request, key string, body []byte) bool {
	if !s.checked(w, r, key, body) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	upload := s.sums[r.URL.Query().Get("uploadId")]
	if upload == nil {
		refuse(w, r, http.StatusNotFound, "NoSuchUpload")
		return false
	}
	upload[r.URL.Query().Get("partNumber")] = r.Header.Get("X-Amz-Checksum-Sha256")
	return true
}

// complete compares the checksums of all parts, as S3 does.
func (s *Server) complete(w http.ResponseWriter, r *http.Request, key string, body []byte) bool {
	var asked struct {
		Part []struct {
			PartNumber     int
			ChecksumSHA256 string
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.URL.Query().Get("uploadId")
	have := s.sums[id]
	if have == nil {
		refuse(w, r, http.StatusNotFound, "NoSuchUpload")
		return false
	}
	if err := xml.Unmarshal(body, &asked); err != nil || len(asked.Part) != len(have) {
		refuse(w, r, http.StatusBadRequest, "InvalidPart")
		return false
	}
	all := sha256.New()
	for i, p := range asked.Part {
		sum, err := base64.StdEncoding.DecodeString(p.ChecksumSHA256)
		if err != nil || p.PartNumber != i+1 || have[strconv.Itoa(i+1)] != p.ChecksumSHA256 {
			refuse(w, r, http.StatusBadRequest, "InvalidPart")
			return false
		}
		all.Write(sum)
	}
	s.composite[key] = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(all.Sum(nil)), len(asked.Part))
	return true
}

func (s *Server) abort(w http.ResponseWriter, r *http.Request, _ string, _ []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sums[r.URL.Query().Get("uploadId")] == nil {
		refuse(w, r, http.StatusNotFound, "NoSuchUpload")
		return false
	}
	return true
}

// head tells the checksum to who asks for it.
func (s *Server) head(w http.ResponseWriter, r *http.Request, key string, _ []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && s.composite[key] != "" {
		w.Header().Set("X-Amz-Checksum-Sha256", s.composite[key])
		w.Header().Set("X-Amz-Checksum-Type", "COMPOSITE")
	}
	return true
}

// done keeps what gofakes3 has answered.
func (s *Server) done(op, _ string, r *http.Request, answer *recorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.URL.Query().Get("uploadId")
	switch {
	case answer.status >= 300:
	case op == "CreateMultipartUpload":
		var begun struct{ UploadId string }
		if xml.Unmarshal(answer.body.Bytes(), &begun) == nil {
			s.sums[begun.UploadId], s.headers[begun.UploadId] = map[string]string{}, r.Header.Clone()
		}
	case op == "CompleteMultipartUpload", op == "AbortMultipartUpload":
		delete(s.sums, id)
		delete(s.headers, id)
	}
}

// recorder keeps an answer while it is given.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	const most = 64 << 10 // an answer in XML; of objects nothing is kept
	if r.body.Len() < most {
		r.body.Write(p[:min(len(p), most)])
	}
	return r.ResponseWriter.Write(p)
}

func (s *Server) object(key string) ([]byte, map[string]string) {
	o, err := s.backend.GetObject(Bucket, key, nil)
	if err != nil {
		return nil, nil
	}
	defer o.Contents.Close()
	body, err := io.ReadAll(o.Contents)
	if err != nil {
		return nil, nil
	}
	return body, o.Metadata
}

func (s *Server) put(key string, meta map[string]string, body []byte) {
	_, _ = s.backend.PutObject(Bucket, key, meta, bytes.NewReader(body), int64(len(body)), (*gofakes3.PutConditions)(nil)) // memory takes it
}
