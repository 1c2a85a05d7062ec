package main

import (
	"github.com/bluegreen-actions/bluegreen/actions/build"
	deploygreen "github.com/bluegreen-actions/bluegreen/actions/deploy-green"
	"github.com/bluegreen-actions/bluegreen/actions/finalize"
	"github.com/bluegreen-actions/bluegreen/actions/migrate"
	"github.com/bluegreen-actions/bluegreen/actions/preflight"
	"github.com/bluegreen-actions/bluegreen/actions/record"
	"github.com/bluegreen-actions/bluegreen/actions/rollback"
	"github.com/bluegreen-actions/bluegreen/actions/shift"
	"github.com/bluegreen-actions/bluegreen/actions/signoff"
	"github.com/bluegreen-actions/bluegreen/actions/smoke"
	"github.com/bluegreen-actions/bluegreen/internal/action"
)

// phases is every phase of a release, in its order.
var phases = []action.Phase{
	preflight.Phase, build.Phase, signoff.Phase, migrate.Phase, deploygreen.Phase,
	smoke.Phase, shift.Phase, rollback.Phase, finalize.Phase, record.Phase,
}
