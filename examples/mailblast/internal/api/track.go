package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

// pixel is a transparent GIF of one by one pixel.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" +
	"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

func (a *API) open(w http.ResponseWriter, r *http.Request) {
	if !a.note(w, r, tracking.Open, "") {
		return
	}
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Content-Length", strconv.Itoa(len(pixel)))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(pixel)
}

func (a *API) click(w http.ResponseWriter, r *http.Request) {
	target, err := tracking.DecodeTarget(r.URL.Query().Get("url"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if !a.note(w, r, tracking.Click, target) {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", target) // as the sender wrote it; http.Redirect would rewrite it
	w.WriteHeader(http.StatusFound)
}

// note hands the event to be written behind. It answers bad identities itself.
func (a *API) note(w http.ResponseWriter, r *http.Request, kind tracking.Kind, target string) bool {
	message := r.PathValue("message")
	if err := tracking.CheckMessage(message); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	if message != tracking.Probe {
		a.Events.Add(tracking.Event{Message: message, Kind: kind, URL: target, Slot: a.Slot, At: time.Now().UTC()})
	}
	return true
}
