package rds_test

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/rds"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const key, secret = "AKIDEXAMPLEOFNOBODY1", "secret/of+nobody"

// api is as much of RDS as is asked here: it takes signed forms of one version with
// the parameters that the action has, and answers with the endpoint, or in pages of one
// snapshot.
type api struct {
	action    string   // that it answers beside that of the endpoint
	snapshots []string // in XML
	nowhere   bool     // it has no endpoint yet
	denied    string   // the action that may not be done
	calls     atomic.Int64
}

// endpoint is that of the instance and of the cluster.
const endpoint = "shop.c9akciq32.eu-west-1.rds.amazonaws.com"

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.calls.Add(1)
	body, _ := io.ReadAll(r.Body) // what is missing is refused below
	form, err := url.ParseQuery(string(body))
	of, described := "DBInstanceIdentifier", "DescribeDBInstances"
	if a.action == "DescribeDBClusterSnapshots" {
		of, described = "DBClusterIdentifier", "DescribeDBClusters"
	}
	action := form.Get("Action")
	for name := range form {
		if name != "Action" && name != "Version" && name != "Marker" && name != of {
			err = fmt.Errorf("unknown parameter %s", name)
		}
	}
	switch {
	case err != nil || r.Method != http.MethodPost || form.Get("Version") != "2014-10-31" || action != a.action && action != described || form.Get(of) == "":
		a.fail(w, http.StatusBadRequest, "ValidationError", fmt.Sprint(err, form))
	case !strings.Contains(r.Header.Get("Authorization"), "Credential="+key+"/") || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/rds/aws4_request"):
		a.fail(w, http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid")
	case a.denied == action:
		a.fail(w, http.StatusForbidden, "AccessDenied", "not authorized to perform: rds:"+action)
	case action == described:
		a.describe(w, action, form.Get(of))
	default:
		a.page(w, form.Get("Marker"))
	}
}

func (a *api) describe(w http.ResponseWriter, action, id string) {
	list := strings.TrimPrefix(action, "Describe")
	text := fmt.Sprintf("<Endpoint><Address>%s</Address><Port>5432</Port></Endpoint>", endpoint)
	switch {
	case id != "shop":
		a.fail(w, http.StatusNotFound, "DBInstanceNotFound", "DBInstance not found")
		return
	case a.nowhere:
		text = ""
	case list == "DBClusters":
		text = fmt.Sprintf("<Endpoint>%s</Endpoint><Port>5432</Port>", endpoint)
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><%[1]sResult><%[2]s><%[3]s>%[4]s</%[3]s></%[2]s></%[1]sResult></%[1]sResponse>`,
		action, list, strings.TrimSuffix(list, "s"), text)
}

func (a *api) page(w http.ResponseWriter, marker string) {
	n, list := 0, strings.TrimPrefix(a.action, "Describe")
	_, _ = fmt.Sscan(marker, &n) // none is 0
	text := ""
	if n < len(a.snapshots) {
		text = "<" + strings.TrimSuffix(list, "s") + ">" + a.snapshots[n] + "</" + strings.TrimSuffix(list, "s") + ">"
	}
	if n+1 < len(a.snapshots) {
		marker = fmt.Sprintf("<Marker>%d</Marker>", n+1)
	} else {
		marker = ""
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><%[1]sResult>%[2]s<%[3]s>%[4]s</%[3]s></%[1]sResult></%[1]sResponse>`, a.action, marker, list, text)
}

func (a *api) fail(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>`, code)
	_ = xml.EscapeText(w, []byte(message)) // a client that is gone asks no more
	_, _ = io.WriteString(w, `</Message></Error></ErrorResponse>`)
}

func snapshot(id, of, status, at string, encrypted bool) string {
	return fmt.Sprintf(`<DBSnapshotIdentifier>%s</DBSnapshotIdentifier><DBInstanceIdentifier>%s</DBInstanceIdentifier><Status>%s</Status><SnapshotCreateTime>%s</SnapshotCreateTime>`+
		`<Engine>postgres</Engine><EngineVersion>15.4</EngineVersion><AllocatedStorage>100</AllocatedStorage><Encrypted>%t</Encrypted>`, id, of, status, at, encrypted)
}

func ofCluster(id, at, more string) string {
	return fmt.Sprintf(`<DBClusterSnapshotIdentifier>%s</DBClusterSnapshotIdentifier><DBClusterIdentifier>shop</DBClusterIdentifier><Status>available</Status><SnapshotCreateTime>%s</SnapshotCreateTime>`+
		`<Engine>aurora-postgresql</Engine><StorageEncrypted>true</StorageEncrypted>%s`, id, at, more)
}

func settings(at string) migration.RDS {
	return migration.RDS{Instance: "shop", Account: migration.Account{Region: "eu-west-1", Endpoint: at, AccessKey: key, SecretKey: secret}}
}

func TestTheSnapshotIsChosenAndJudged(t *testing.T) {
	t.Parallel()
	const old, now = "2026-11-25T01:00:00Z", "2026-11-26T01:00:00Z"
	good := snapshot("today", "shop", "available", now, true)
	for name, c := range map[string]struct {
		api    *api
		change func(*migration.RDS)
		id     string // that is found
		want   string // else the error
	}{
		"the newest":                 {api: &api{snapshots: []string{snapshot("before", "shop", "available", old, true), good, snapshot("later", "shop", "creating", "2026-11-26T02:00:00Z", true)}}, id: "today"},
		"the one that is named":      {api: &api{snapshots: []string{good, snapshot("before", "shop", "available", old, true)}}, change: func(r *migration.RDS) { r.Snapshot = "before" }, id: "before"},
		"an automated one":           {api: &api{snapshots: []string{snapshot("rds:shop-1", "shop", "available", now, true)}}, id: "rds:shop-1"},
		"none":                       {want: "there is no snapshot of shop that is available"},
		"not the one that is named":  {api: &api{snapshots: []string{good}}, change: func(r *migration.RDS) { r.Snapshot = "other" }, want: "there is no snapshot other of shop"},
		"of another instance":        {api: &api{snapshots: []string{snapshot("today", "billing", "available", now, true)}}, want: "there is no snapshot of shop"},
		"still being made":           {api: &api{snapshots: []string{snapshot("today", "shop", "creating", now, true)}}, change: func(r *migration.RDS) { r.Snapshot = "today" }, want: "the snapshot today is creating: want available"},
		"not encrypted":              {api: &api{snapshots: []string{snapshot("today", "shop", "available", now, false)}}, want: "the snapshot today is not encrypted"},
		"not encrypted, allowed":     {api: &api{snapshots: []string{snapshot("today", "shop", "available", now, false)}}, change: func(r *migration.RDS) { r.Unencrypted = true }, id: "today"},
		"it may not ask":             {api: &api{denied: "DescribeDBSnapshots"}, want: "list the snapshots of shop: the IAM role may not do it"},
		"it may not ask where it is": {api: &api{denied: "DescribeDBInstances"}, want: "read the endpoint of shop: the IAM role may not do it"},
		"with another key":           {change: func(r *migration.RDS) { r.AccessKey = "AKIDOTHER" }, want: "AWS does not take the credentials"},
		"of a cluster": {api: &api{action: "DescribeDBClusterSnapshots", snapshots: []string{ofCluster("a", old, ""), ofCluster("b", now, "")}},
			change: func(r *migration.RDS) { r.Instance, r.Cluster = "", "shop" }, id: "b"},
		"a copy of a cluster's": {api: &api{action: "DescribeDBClusterSnapshots", snapshots: []string{ofCluster("b", now, "<SourceDBClusterSnapshotArn>arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:a</SourceDBClusterSnapshotArn>")}},
			change: func(r *migration.RDS) { r.Instance, r.Cluster, r.Snapshot = "", "shop", "b" }, want: "the snapshot b is a copy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.api == nil {
				c.api = new(api)
			}
			c.api.action = cmp.Or(c.api.action, "DescribeDBSnapshots")
			server := httptest.NewServer(c.api)
			t.Cleanup(server.Close)
			s := settings(server.URL)
			if c.change != nil {
				c.change(&s)
			}
			k, err := rds.New(s, []string{endpoint + ":5432"})
			if err != nil {
				t.Fatal(err)
			}
			found, err := k.Newest(t.Context(), migration.State{})
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || release.HintOf(err) == "") {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if c.want == "" && (err != nil || found.ID != c.id || found.Kind != "RDS snapshot" || !strings.Contains(found.Status, "available of shop")) {
				t.Fatalf("%+v, %v, want %s", found, err, c.id)
			}
			if c.want == "" && int(c.api.calls.Load()) != 1+len(c.api.snapshots) {
				t.Errorf("%d calls for %d pages", c.api.calls.Load(), len(c.api.snapshots))
			}
		})
	}
}

// TestTheSnapshotIsOfTheDatabaseThatIsMigrated would otherwise take the backup of a
// database that the release does not touch.
func TestTheSnapshotIsOfTheDatabaseThatIsMigrated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leads  []string
		change func(*api, *migration.RDS)
		want   string // the error; "" for none
	}{
		"the endpoint":                      {leads: []string{endpoint + ":5432"}},
		"written otherwise":                 {leads: []string{"SHOP.c9akciq32.eu-west-1.rds.amazonaws.com.:5432"}},
		"the writer of a cluster":           {leads: []string{endpoint + ":5432"}, change: ofTheCluster},
		"another instance":                  {leads: []string{"billing.c9akciq32.eu-west-1.rds.amazonaws.com:5432"}, want: "database.url does not lead to shop: its endpoint is " + endpoint + ":5432"},
		"another port":                      {leads: []string{endpoint + ":5433"}, want: "database.url does not lead to shop"},
		"a reader of the cluster":           {leads: []string{"shop.cluster-ro-c9akciq32.eu-west-1.rds.amazonaws.com:5432"}, change: ofTheCluster, want: "database.url does not lead to shop"},
		"one of two elsewhere":              {leads: []string{endpoint + ":5432", "10.0.0.9:5432"}, want: "database.url does not lead to shop"},
		"a name that is not said":           {leads: []string{"db.shop.example:5432"}, want: "database.url does not lead to shop"},
		"a name that is said":               {leads: []string{"db.shop.example:5432"}, change: func(_ *api, s *migration.RDS) { s.Alias = "DB.shop.example" }},
		"a name that is said, another port": {leads: []string{"db.shop.example:6432"}, change: func(_ *api, s *migration.RDS) { s.Alias = "db.shop.example" }, want: "database.url does not lead to shop"},
		"no endpoint yet":                   {leads: []string{endpoint + ":5432"}, change: func(a *api, _ *migration.RDS) { a.nowhere = true }, want: "RDS tells no endpoint of shop"},
		"an instance that is not there":     {leads: []string{endpoint + ":5432"}, change: func(_ *api, s *migration.RDS) { s.Instance = "shop2" }, want: "read the endpoint of shop2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{action: "DescribeDBSnapshots", snapshots: []string{snapshot("today", "shop", "available", "2026-11-26T01:00:00Z", true)}}
			server := httptest.NewServer(a)
			t.Cleanup(server.Close)
			s := settings(server.URL)
			if c.change != nil {
				c.change(a, &s)
			}
			k, err := rds.New(s, c.leads)
			if err != nil {
				t.Fatal(err)
			}
			_, err = k.Newest(t.Context(), migration.State{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && (release.HintOf(err) == "" || strings.Contains(err.Error(), "example")) {
				t.Errorf("%v (%s)", err, release.HintOf(err))
			}
		})
	}
}

func ofTheCluster(a *api, s *migration.RDS) {
	a.action, a.snapshots = "DescribeDBClusterSnapshots", []string{ofCluster("a", "2026-11-26T01:00:00Z", "")}
	s.Instance, s.Cluster = "", "shop"
}

// TestACopyIsAsOldAsWhatItIsOf would otherwise take last year's data for today's.
func TestACopyIsAsOldAsWhatItIsOf(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&api{action: "DescribeDBSnapshots", snapshots: []string{
		snapshot("copy", "shop", "available", "2026-11-26T01:00:00Z", true) + "<OriginalSnapshotCreateTime>2025-01-02T03:04:05Z</OriginalSnapshotCreateTime>"}})
	t.Cleanup(server.Close)
	k, err := rds.New(settings(server.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := k.Newest(t.Context(), migration.State{}); err != nil || found.At.Year() != 2025 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*migration.RDS){
		"region is missing":            func(r *migration.RDS) { r.Region = "" },
		`instance "shop.rds": want an`: func(r *migration.RDS) { r.Instance = "shop.rds" },
		`endpoint "http://rds": want`:  func(r *migration.RDS) { r.Endpoint = "http://rds" },
		"access-key, secret-key and":   func(r *migration.RDS) { r.SecretKey = "" },
	} {
		s := settings("")
		change(&s)
		if _, err := rds.New(s, nil); err == nil || !strings.Contains(err.Error(), want) || release.ExitStatus(err) != 2 {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
