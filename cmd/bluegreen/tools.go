package main

import (
	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
)

// commands are run like phases but are no part of a release.
var commands = []action.Phase{
	initCommand,
	statusPhase, planPhase, pausePhase, resumePhase,
	action.New(action.About{
		Name: "check", Summary: "Verifies the configuration and every variable in it, and touches nothing.", Quiet: config.Sections(), Looks: true, Judges: true,
	}, check),
	environmentsCommand, adoptCommand, monitoringScrape, monitoringAlerts,
	nginxConfig, nginxInstall, nginxReload, haproxyCommand,
}

type none struct{}
