package demo

import "maps"

// Variables is what the environment of the release has as variables, by name.
func (s *Stage) Variables() map[string]string { return maps.Clone(s.variables) }

// Secrets is what it has as secrets, by the names that the workflow uses.
// GITHUB_TOKEN is the token that GitHub gives to each job.
func (s *Stage) Secrets() map[string]string { return maps.Clone(s.secrets) }

// APIToken is what a client of the application sends as a bearer.
func (s *Stage) APIToken() string { return s.apiToken }

// Approve puts a commit at the head of the branch and has the leads approve a
// run of it beforehand.
func (s *Stage) Approve(commit string, run int) { s.approve(commit, run) }
