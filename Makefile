# Everything sets itself up: on Debian or Ubuntu as root, what is missing is
# installed; elsewhere the commands to install it are printed.

GO ?= go
LAB = $(GO) run ./internal/lab/cmd/lab

.PHONY: demo demo-down test lint bench build generate checksums

## demo: release MailBlast four times through the workflow file, under load
demo:
	$(GO) run ./cmd/demo

## demo-down: stop and remove everything that the demo started
demo-down:
	$(GO) run ./cmd/demo down

## test: all tests, against real services that are started once and shared
test:
	$(LAB) up
	eval "$$($(LAB) env)" && $(GO) test ./... && cd examples/mailblast && $(GO) test ./...
	$(LAB) down

## lint: vet, staticcheck, actionlint, shellcheck, govulncheck, generated files
lint:
	$(GO) vet ./...
	cd examples/mailblast && $(GO) vet ./...
	$(GO) run ./cmd/lint

## bench: ratios, in one run
bench:
	$(LAB) up
	$(GO) test -run '^$$' -bench . -benchtime 1x ./internal/nginx/... ./cmd/bluegreen/...

## build: the program for this machine
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/bluegreen ./cmd/bluegreen

## generate: action.yml files, README tables, the schema of the configuration
generate:
	$(GO) generate ./cmd/bluegreen
