package s3test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// serve lets in what S3 would take, and lets it fail where it is to.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	op, key := operation(r)
	s.mu.Lock()
	s.ops = append(s.ops, op)
	n, hooks := len(s.ops), s.hooks
	s.mu.Unlock()
	if hooks.Before != nil {
		hooks.Before(n, op)
	}
	fault := s.fault(op, key)
	if fault.Code != "" {
		refuse(w, r, fault.Status, fault.Code)
		return
	}
	if fault.Cut && r.ContentLength > 0 {
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2) // it is to break
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	if fault.Flip && len(body) > 0 {
		body[len(body)/2] ^= 0x40
		fault.Flip = false // the answer is as it should be
	}
	out := &broken{ResponseWriter: w, fault: fault}
	if fault.Lose {
		out.ResponseWriter = &lost{header: http.Header{}}
	}
	s.answer(out, r, op, key, body)
	out.head()
	if fault.Lose {
		panic(http.ErrAbortHandler)
	}
	if hooks.After != nil {
		hooks.After(n, op)
	}
}

// lost is a response that nobody gets.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header         { return l.header }
func (l *lost) Write(p []byte) (int, error) { return len(p), nil }
func (l *lost) WriteHeader(int)             {}

// answer checks a request and hands it on.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, op, key string, body []byte) {
	if status, code := admit(r, body); code != "" {
		refuse(w, r, status, code)
		return
	}
	s.mu.Lock()
	about := s.about
	s.mu.Unlock()
	handle, ok := map[string]func(http.ResponseWriter, *http.Request, string, []byte) bool{
		"ListObjectsV2": pass, "HeadObject": s.head, "GetObject": pass, "PutObject": s.checked,
		"ListMultipartUploads": s.uploads, "CreateMultipartUpload": s.begin, "UploadPart": s.part,
		"CompleteMultipartUpload": s.complete, "AbortMultipartUpload": s.abort,
		"GetBucketLifecycleConfiguration": s.tells(about.Lifecycle, "NoSuchLifecycleConfiguration"),
		"GetBucketEncryption":             s.tells(about.Encryption, "ServerSideEncryptionConfigurationNotFoundError"),
		"GetPublicAccessBlock":            s.tells(about.Access, "NoSuchPublicAccessBlockConfiguration"),
	}[op]
	if !ok {
		refuse(w, r, http.StatusNotImplemented, "NotImplemented")
		return
	}
	if handle(w, r, key, body) {
		r.Body = io.NopCloser(bytes.NewReader(body))
		record := &recorder{ResponseWriter: w}
		s.store.ServeHTTP(record, r)
		s.done(op, key, r, record)
	}
}

// operation is the name of what is asked for, and the key.
func operation(r *http.Request) (op, key string) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	has := func(name string) bool { return q.Has(name) }
	switch {
	case bucket != Bucket:
		return "NoSuchBucket", key
	case key == "" && has("uploads"):
		return "ListMultipartUploads", ""
	case key == "" && has("lifecycle"):
		return "GetBucketLifecycleConfiguration", ""
	case key == "" && has("encryption"):
		return "GetBucketEncryption", ""
	case key == "" && has("publicAccessBlock"):
		return "GetPublicAccessBlock", ""
	case key == "" && q.Get("list-type") == "2":
		return "ListObjectsV2", ""
	}
	switch name := r.Method; {
	case name == http.MethodPost && has("uploads"):
		return "CreateMultipartUpload", key
	case name == http.MethodPost && has("uploadId"):
		return "CompleteMultipartUpload", key
	case name == http.MethodPut && has("uploadId"):
		return "UploadPart", key
	case name == http.MethodDelete && has("uploadId"):
		return "AbortMultipartUpload", key
	case name == http.MethodPut:
		return "PutObject", key
	case name == http.MethodHead:
		return "HeadObject", key
	case name == http.MethodGet:
		return "GetObject", key
	}
	return r.Method, key
}

// admit refuses who is not known, and a body that is not the one that was signed.
func admit(r *http.Request, body []byte) (status int, code string) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope := strings.Split(strings.SplitN(credential, ",", 2)[0], "/")
	switch sum := sha256.Sum256(body); {
	case len(scope) != 5 || scope[0] != Key:
		return http.StatusForbidden, "InvalidAccessKeyId"
	case scope[2] != Region || scope[3] != "s3":
		return http.StatusForbidden, "SignatureDoesNotMatch"
	case r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]):
		return http.StatusBadRequest, "XAmzContentSHA256Mismatch"
	case strings.HasPrefix(strings.TrimPrefix(r.URL.Path, "/"), Bucket+"/") || strings.Trim(r.URL.Path, "/") == Bucket:
		return 0, ""
	}
	return http.StatusNotFound, "NoSuchBucket"
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>as it was told to</Message></Error>`, code)
	}
}

func pass(http.ResponseWriter, *http.Request, string, []byte) bool { return true }

// checked refuses a body that does not have the checksum that it comes with.
func (s *Server) checked(w http.ResponseWriter, r *http.Request, _ string, body []byte) bool {
	if sum := sha256.Sum256(body); r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]) {
		refuse(w, r, http.StatusBadRequest, "BadDigest")
		return false
	}
	return true
}

// tells answers for the bucket.
func (s *Server) tells(text, none string) func(http.ResponseWriter, *http.Request, string, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string, _ []byte) bool {
		switch text {
		case "":
			refuse(w, r, http.StatusNotFound, none)
		case Denied:
			refuse(w, r, http.StatusForbidden, "AccessDenied")
		default:
			w.Header().Set("Content-Type", "application/xml")
			_, _ = io.WriteString(w, xml.Header+text) // a client that is gone asks no more
		}
		return false
	}
}
