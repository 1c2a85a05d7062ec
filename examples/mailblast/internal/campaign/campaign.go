// Package campaign is the vocabulary of MailBlast: a campaign is one text for
// many recipients, a message is that text for one of them.
//
// It promises that a draft or a list of recipients that passed Check can be
// stored and mailed: no header can be smuggled in through a subject or an address.
package campaign

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"
)

// ErrUnknown is returned for a campaign or message that does not exist.
var ErrUnknown = errors.New("unknown")

// Status of a campaign.
type Status string

// A campaign is a draft until it has recipients, sending while one of its
// messages is under way, and sent when every message is settled.
const (
	Draft   Status = "draft"
	Sending Status = "sending"
	Sent    Status = "sent"
)

// Campaign is a stored campaign.
type Campaign struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Subject   string          `json:"subject"`
	Status    Status          `json:"status"`
	CreatedAt time.Time       `json:"created_at"`
	Body      string          `json:"body,omitempty"`     // left out of lists
	Metadata  json.RawMessage `json:"metadata,omitempty"` // an object, when the feature is on
}

// Counts says what became of a campaign's messages. Opened and Clicked count
// messages, not hits.
type Counts struct {
	Pending   int `json:"pending"`
	Delivered int `json:"delivered"`
	Bounced   int `json:"bounced"`
	Failed    int `json:"failed"`
	Opened    int `json:"opened"`
	Clicked   int `json:"clicked"`
}

// Report is a campaign with its counts.
type Report struct {
	Campaign
	Counts  Counts         `json:"counts"`
	Bounces map[string]int `json:"bounces,omitempty"` // by the recipients' domain, when the feature is on
}

// Outcome is how a message ended.
type Outcome string

// A message is delivered when the mail server has taken it, bounced when the
// server refused the recipient or the content for good, and failed when all
// attempts came to nothing.
const (
	Delivered Outcome = "delivered"
	Bounced   Outcome = "bounced"
	Failed    Outcome = "failed"
)

// Message is what a worker needs to know to send one mail.
type Message struct {
	ID         string
	CampaignID string
	Recipient  string
	Subject    string
	Body       string
	Outcome    Outcome // empty while the message is not settled
}

// Verdict is an outcome with its circumstances.
type Verdict struct {
	Outcome  Outcome
	Response string // of the mail server, or the last error
	By       string // the worker
}

// NewID returns an identity that cannot be guessed: tracking links carry it.
func NewID() string { return rand.Text() }
