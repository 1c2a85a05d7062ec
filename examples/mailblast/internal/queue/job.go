package queue

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// The one version and type of job that this program knows.
const (
	Version = 1
	Email   = "email"
)

// Job is one message to send. A reader must ignore fields that it does not
// know; a writer that changes the meaning of a field raises Version.
type Job struct {
	Version    int    `json:"version"`
	Type       string `json:"type,omitempty"` // empty means email
	MessageID  string `json:"message_id"`
	CampaignID string `json:"campaign_id,omitempty"`
	Attempt    int    `json:"attempt,omitempty"` // attempts that failed so far
}

// NewJob returns the JSON of the job that sends a message.
func NewJob(messageID, campaignID string) (string, error) {
	b, err := json.Marshal(Job{Version: Version, Type: Email, MessageID: messageID, CampaignID: campaignID})
	return string(b), err
}

// UnknownJob is the error for a job that this version cannot do, or not read.
// Such a job is parked, since another version may know it.
type UnknownJob struct {
	Name string // such as email/v999, or unreadable
}

func (e *UnknownJob) Error() string { return "job " + e.Name + " is not known to this version" }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}$`)

// ReadJob decodes a job. Its only error is *UnknownJob.
func ReadJob(raw string) (Job, error) {
	var j Job
	if err := json.Unmarshal([]byte(raw), &j); err != nil {
		return Job{}, &UnknownJob{Name: "unreadable"}
	}
	if j.Type == "" {
		j.Type = Email
	}
	if !nameForm.MatchString(j.Type) {
		return Job{}, &UnknownJob{Name: "unreadable"}
	}
	if j.Version != Version || j.Type != Email || !nameForm.MatchString(j.MessageID) {
		return Job{}, &UnknownJob{Name: fmt.Sprintf("%s/v%d", j.Type, j.Version)}
	}
	return j, nil
}

// Again returns the same job after one more failed attempt, with every field
// that this version does not know as it was.
func Again(raw string) (string, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(raw), &fields); err != nil {
		return "", fmt.Errorf("read job: %w", err)
	}
	job, err := ReadJob(raw)
	if err != nil {
		return "", err
	}
	fields["attempt"] = json.RawMessage(fmt.Sprint(job.Attempt + 1))
	b, err := json.Marshal(fields)
	return string(b), err
}
