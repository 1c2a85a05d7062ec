package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
)

// maxRequest is the largest request body in bytes: 10,000 recipients fit.
const maxRequest = 4 << 20

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, code int, why string) {
	answer(w, code, map[string]string{"error": why})
}

// decode reads exactly one JSON value without unknown fields.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("request is not the expected JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("request has more than one JSON value")
	}
	return nil
}

// broken answers for a store that did not. A client that went away is no error
// of ours.
func (a *API) broken(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, campaign.ErrUnknown):
		refuse(w, http.StatusNotFound, "no such campaign")
	case errors.Is(r.Context().Err(), context.Canceled):
		refuse(w, 499, "client went away")
	default:
		a.Log.Error("Request met a broken dependency", "path", r.URL.Path, "error", err)
		refuse(w, http.StatusServiceUnavailable, "try again later")
	}
}
