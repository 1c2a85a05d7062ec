package githubtest

import (
	"io"
	"net/http"
	"slices"
)

// Release is a release, published or a draft.
type Release struct {
	ID     int64
	Tag    string
	Draft  bool
	Assets []Asset
}

// Asset is a file of a release. State is uploaded, or open for one whose
// upload was cut off; uploaded when empty.
type Asset struct {
	ID      int64
	Name    string
	State   string
	Content string
}

// listReleases answers the newest first.
func listReleases(s *State, r *http.Request) reply {
	all := []object{}
	for _, rel := range slices.Backward(s.Releases) {
		all = append(all, object{
			"id": rel.ID, "tag_name": rel.Tag, "draft": rel.Draft, "prerelease": false,
			"upload_url": apiURL(r, "/repos/%s/releases/%d/assets{?name,label}", s.Repository, rel.ID),
		})
	}
	return list(all)
}

func (s *State) releaseOf(r *http.Request) *Release {
	i := slices.IndexFunc(s.Releases, func(rel Release) bool { return rel.ID == pathID(r, "release_id") })
	if i < 0 {
		return nil
	}
	return &s.Releases[i]
}

func (s *State) asset(a Asset, rel *Release) object {
	if a.State == "" {
		a.State = "uploaded"
	}
	return object{
		"id": a.ID, "name": a.Name, "state": a.State, "size": len(a.Content),
		"browser_download_url": "https://github.com/" + s.Repository + "/releases/download/" + rel.Tag + "/" + a.Name,
	}
}

func listAssets(s *State, r *http.Request) reply {
	rel := s.releaseOf(r)
	if rel == nil {
		return missing()
	}
	all := []object{}
	for _, a := range rel.Assets {
		all = append(all, s.asset(a, rel))
	}
	return list(all)
}

// uploadAsset refuses a name that is taken, as GitHub does, whatever the state of
// the asset that has it.
func uploadAsset(s *State, r *http.Request) reply {
	rel, name := s.releaseOf(r), r.URL.Query().Get("name")
	switch {
	case rel == nil:
		return missing()
	case slices.ContainsFunc(rel.Assets, func(a Asset) bool { return a.Name == name }):
		return problem(http.StatusUnprocessableEntity, "Validation Failed")
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return problem(http.StatusBadRequest, "the upload ended early")
	}
	a := Asset{ID: idOf(rel.Tag + name), Name: name, Content: string(content)}
	rel.Assets = append(rel.Assets, a)
	return reply{status: http.StatusCreated, body: s.asset(a, rel)}
}

func deleteAsset(s *State, r *http.Request) reply {
	for i := range s.Releases {
		before := len(s.Releases[i].Assets)
		s.Releases[i].Assets = slices.DeleteFunc(s.Releases[i].Assets, func(a Asset) bool { return a.ID == pathID(r, "asset_id") })
		if len(s.Releases[i].Assets) < before {
			return reply{status: http.StatusNoContent}
		}
	}
	return missing()
}
