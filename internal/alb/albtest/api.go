package albtest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// failure is an error as AWS says it.
type failure struct {
	status  int
	code    string
	message string
}

func refuse(code, format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

const apiVersion = "2015-12-01"

// serve answers one call.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/" {
		s.fail(w, refuse("MalformedQueryString", "want a form in a POST to /"))
		return
	}
	action := values.Get("Action")
	fault := s.began(action)
	if fault.before(r) {
		panic(http.ErrAbortHandler) // as a connection that breaks
	}
	if fault.Code != "" && !fault.Lose {
		s.fail(w, fault.failure())
		return
	}
	text, problem := s.answer(r, body, action, values)
	if fault.Lose {
		panic(http.ErrAbortHandler)
	}
	if problem != nil {
		s.fail(w, problem)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.Copy(w, bytes.NewReader([]byte(text)))
}

// began notes a call, and finds the fault that it is to suffer.
func (s *Server) began(action string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, action)
	for _, f := range s.faults {
		if (f.Action == "" || strings.HasPrefix(action, f.Action)) && f.Times != 0 {
			f.Times--
			return *f
		}
	}
	return Fault{}
}

func (s *Server) answer(r *http.Request, body []byte, action string, values url.Values) (string, *failure) {
	if action == "AssumeRoleWithWebIdentity" {
		return s.assume(values)
	}
	if problem := s.signed(r, body); problem != nil {
		return "", problem
	}
	if !s.buckets[strings.HasPrefix(action, "Describe")].take() {
		return "", refuse("ThrottlingException", "Rate exceeded")
	}
	if values.Get("Version") != apiVersion {
		return "", refuse("InvalidAction", "there is no version %s", values.Get("Version"))
	}
	values.Del("Action")
	values.Del("Version")
	s.mu.Lock()
	defer s.mu.Unlock()
	handle, ok := handlers[action]
	if !ok {
		s.surprises = append(s.surprises, action)
		return "", refuse("InvalidAction", "the action %s is not known here", action)
	}
	in, err := grow(values)
	if err != nil {
		return "", refuse("ValidationError", "%v", err)
	}
	out, problem := handle(s, in)
	if problem != nil {
		return "", problem
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<%sResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/%s/"><%sResult>`, action, apiVersion, action)
	content(&b, reflect.ValueOf(out).Elem())
	fmt.Fprintf(&b, `</%sResult><ResponseMetadata><RequestId>%d</RequestId></ResponseMetadata></%sResponse>`, action, time.Now().UnixNano(), action)
	return b.String(), nil
}

// handler answers one action; the lock is held.
type handler func(s *Server, in *form) (out any, problem *failure)

// typed is a handler with the SDK's input and output.
func typed[In, Out any](f func(*Server, *In) (*Out, *failure)) handler {
	return func(s *Server, in *form) (any, *failure) {
		input := new(In)
		if err := in.fill(reflect.ValueOf(input).Elem(), ""); err != nil {
			return nil, refuse("ValidationError", "%v", err)
		}
		return f(s, input)
	}
}

func (s *Server) fail(w http.ResponseWriter, f *failure) {
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(f.message)) // a Buffer does not fail
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(f.status)
	fmt.Fprintf(w, `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/%s/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>0</RequestId></ErrorResponse>`, apiVersion, f.code, &text)
}
