package api

import (
	"context"
	"net/http"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/postgres"
)

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	list, err := a.Campaigns.List(ctx)
	if err != nil {
		a.broken(w, r, err)
		return
	}
	if list == nil {
		list = []campaign.Campaign{}
	}
	answer(w, http.StatusOK, list)
}

func (a *API) create(w http.ResponseWriter, r *http.Request) {
	var n campaign.New
	if err := decode(w, r, &n); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := n.Check(); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if len(n.Metadata) > 0 && !a.Metadata {
		refuse(w, http.StatusBadRequest, "metadata is not switched on")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	c, err := a.Campaigns.Create(ctx, n)
	if err != nil {
		a.broken(w, r, err)
		return
	}
	w.Header().Set("Location", "/api/campaigns/"+c.ID)
	answer(w, http.StatusCreated, c)
}

func (a *API) report(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	report, err := a.Cache.report(r.PathValue("id"), func(id string) (campaign.Report, error) {
		return a.Campaigns.Report(ctx, id)
	})
	if err != nil {
		a.broken(w, r, err)
		return
	}
	answer(w, http.StatusOK, report)
}

// sendRequest asks to send a campaign. The lane is for tests of a version
// that must not take customers' jobs: workers of the shared queue do not see it.
type sendRequest struct {
	Recipients []string `json:"recipients"`
	Lane       string   `json:"lane"`
}

type sendAnswer struct {
	Campaign string              `json:"campaign"`
	Accepted int                 `json:"accepted"` // without recipients that the campaign had already
	Messages []postgres.Accepted `json:"messages"`
}

func (a *API) send(w http.ResponseWriter, r *http.Request) {
	var request sendRequest
	if err := decode(w, r, &request); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := campaign.CheckRecipients(request.Recipients); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := campaign.CheckLane(request.Lane); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	id := r.PathValue("id")
	added, err := a.Campaigns.Accept(ctx, id, request.Lane, request.Recipients)
	if err != nil {
		a.broken(w, r, err)
		return
	}
	a.Outbox.Call()
	a.Cache.forget(id)
	answer(w, http.StatusAccepted, sendAnswer{Campaign: id, Accepted: len(added), Messages: added})
}
