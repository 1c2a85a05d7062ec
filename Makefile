# Everything sets itself up: on Debian or Ubuntu as root, what is missing is
# installed; elsewhere the commands to install it are printed.

GO ?= go
LAB = $(GO) run ./internal/lab/cmd/lab
PLATFORMS = linux-amd64 linux-arm64 darwin-amd64 darwin-arm64
VERSION ?=

# The same bytes wherever it is built: no paths, no build id, no state of git.
program = CGO_ENABLED=0 GOOS=$(1) GOARCH=$(2) $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(if $(VERSION),$(VERSION),devel)' -o $(3) ./cmd/bluegreen

.PHONY: demo demo-down test lint bench build generate checksums

## demo: release MailBlast four times through the workflow file, under load
demo:
	$(GO) run ./cmd/demo

## demo-down: stop and remove everything that the demo started
demo-down:
	$(GO) run ./cmd/demo down

## test: all tests, against real services that are started once and shared; the
## releases under load come by themselves, since the other packages would slow them
test:
	$(LAB) up
	@status=0; eval "$$($(LAB) env)"; \
	$(GO) test -timeout 20m $$($(GO) list ./... | grep -v /internal/acceptance) || status=1; \
	$(GO) test -timeout 30m ./internal/acceptance || status=1; \
	(cd examples/mailblast && $(GO) test ./...) || status=1; \
	$(LAB) down; exit $$status

## lint: gofmt, vet, staticcheck, actionlint, shellcheck, govulncheck
lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	cd examples/mailblast && $(GO) vet ./...
	"$$($(LAB) tool staticcheck)" ./...
	cd examples/mailblast && "$$(cd ../.. && $(LAB) tool staticcheck)" ./...
	$(GO) test -count=1 ./internal/workflow ./internal/house
	$(LAB) install shellcheck
	shellcheck cmd/bluegreen/launch .ci/run
	@if curl -fsI --max-time 10 https://vuln.go.dev/index/db.json >/dev/null 2>&1; then "$$($(LAB) tool govulncheck)" ./...; \
	else echo "govulncheck was left out: its database cannot be reached from here"; fi

## bench: ratios, in one run
bench:
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...

## build: the program for this machine
build:
	$(call program,$(shell $(GO) env GOOS),$(shell $(GO) env GOARCH),bin/bluegreen)

## generate: action.yml files, README tables, the schema of the configuration
generate:
	$(GO) generate ./cmd/bluegreen

## checksums: build every platform into dist and pin the checksums; VERSION=v1.2.3
checksums:
	@test -n "$(VERSION)" || { echo "name the version: make checksums VERSION=v1.2.3"; exit 2; }
	$(foreach p,$(PLATFORMS),$(call program,$(word 1,$(subst -, ,$p)),$(word 2,$(subst -, ,$p)),dist/bluegreen-$p) &&) true
	@{ echo "version $(VERSION)"; for p in $(PLATFORMS); do echo "$$p $$(sha256sum dist/bluegreen-$$p | cut -d' ' -f1)"; done; } > cmd/bluegreen/pinned.new
	@mv cmd/bluegreen/pinned.new cmd/bluegreen/pinned && cat cmd/bluegreen/pinned
