# Everything sets itself up: on Debian or Ubuntu as root, what is missing is
# installed; elsewhere the commands to install it are printed.

GO ?= go
LAB = $(GO) run -trimpath ./internal/lab/cmd/lab
export CGO_ENABLED = 0
PLATFORMS = linux-amd64 linux-arm64 darwin-amd64 darwin-arm64
VERSION ?=
ROUTER ?= nginx

# The same bytes wherever it is built: no paths, no build id, no state of git.
program = GOOS=$(1) GOARCH=$(2) $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(if $(VERSION),$(VERSION),devel)' -o $(3) ./cmd/bluegreen

.PHONY: demo demo-down test test-here lint bench build generate checksums sbom reproducible

## demo: release MailBlast four times through the workflow file, under load; behind
## nginx, or behind another load balancer with ROUTER=alb
demo:
	$(GO) run ./cmd/demo -router $(ROUTER)

## demo-down: stop and remove everything that the demo started
demo-down:
	$(GO) run ./cmd/demo down

# Compiled as the programs are that the tests build, so that nothing is compiled
# twice; without the tables of a debugger, which take as long to link as the rest.
tests = $(GO) test -trimpath -ldflags=-w

## test: all tests, against real services that are started once and shared, and more
## of them at a time than there are processors, since most of them wait; the releases
## under load come by themselves, since the other packages would slow them
test:
	$(LAB) run $(MAKE) --no-print-directory test-here

# With the services that the lab has started.
test-here:
	@status=0; \
	$(tests) -parallel 8 -timeout 20m $$($(GO) list ./... | grep -v /internal/acceptance) || status=1; \
	$(tests) -timeout 30m ./internal/acceptance || status=1; \
	(cd examples/mailblast && $(tests) -parallel 8 -timeout 20m ./...) || status=1; \
	exit $$status

## lint: gofmt, vet, staticcheck, actionlint, shellcheck, govulncheck
lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet -trimpath ./...
	cd examples/mailblast && $(GO) vet -trimpath ./...
	"$$($(LAB) tool staticcheck)" ./...
	cd examples/mailblast && "$$(cd ../.. && $(LAB) tool staticcheck)" ./...
	$(tests) -count=1 ./internal/workflow ./internal/house
	$(LAB) install shellcheck
	shellcheck cmd/bluegreen/launch .ci/run
	@if curl -fsI --max-time 10 https://vuln.go.dev/index/db.json >/dev/null 2>&1; then "$$($(LAB) tool govulncheck)" ./...; \
	else echo "govulncheck was left out: its database cannot be reached from here"; fi

## bench: ratios, in one run; one package after the other, since they would slow each other
bench:
	$(GO) test -p 1 -timeout 60m -run '^$$' -bench . -benchtime 1x ./...

## build: the program for this machine
build:
	$(call program,$(shell $(GO) env GOOS),$(shell $(GO) env GOARCH),bin/bluegreen)

## generate: action.yml files, the pages of the actions, the schema of the configuration
generate:
	$(GO) generate ./cmd/bluegreen

## checksums: build every platform into dist and pin the checksums; VERSION=v1.2.3
checksums:
	@test -n "$(VERSION)" || { echo "name the version: make checksums VERSION=v1.2.3"; exit 2; }
	$(foreach p,$(PLATFORMS),$(call program,$(word 1,$(subst -, ,$p)),$(word 2,$(subst -, ,$p)),dist/bluegreen-$p) &&) true
	@{ echo "version $(VERSION)"; for p in $(PLATFORMS); do echo "$$p $$(sha256sum dist/bluegreen-$$p | cut -d' ' -f1)"; done; } > cmd/bluegreen/pinned.new
	@mv cmd/bluegreen/pinned.new cmd/bluegreen/pinned && cat cmd/bluegreen/pinned

## sbom: what each program in dist is made of, as CycloneDX, from the program itself;
## the same bytes wherever it is written
sbom:
	@test -n "$(VERSION)" || { echo "name the version: make sbom VERSION=v1.2.3"; exit 2; }
	@cyclonedx=$$($(LAB) tool cyclonedx-gomod) && for p in $(PLATFORMS); do \
	"$$cyclonedx" bin -json -noserial -notimestamp -version $(VERSION) -output dist/bluegreen-$$p.cdx.json dist/bluegreen-$$p || exit 1; done

## reproducible: build twice, in two folders and with two empty caches, and compare;
## PLATFORMS=linux-amd64 for one only
reproducible:
	@set -e; both=$$(mktemp -d); trap 'rm -rf "$$both"' EXIT; for n in first second/deeper; do \
	mkdir -p "$$both/$$n"; git ls-files -z | xargs -0 cp --parents -t "$$both/$$n"; \
	GOCACHE="$$both/cache-$${n%/*}" $(MAKE) -s -C "$$both/$$n" checksums PLATFORMS="$(PLATFORMS)" VERSION=v0.0.0 >"$$both/$${n%/*}.sums"; done; \
	cat "$$both/first.sums"; diff "$$both/first.sums" "$$both/second.sums" && echo "both builds are the same"
