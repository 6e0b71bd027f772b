# Every target calls a script in scripts/. `make` alone prints what there is.

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help setup demo up down collect dev k8s-build k8s-up k8s-collect k8s-status k8s-logs k8s-down k8s-purge \
  test fuzz test-chaos test-k8s manifests bench lint typecheck format check clean

help: ## Print this list
	@scripts/help.sh $(MAKEFILE_LIST)

setup: ## Install the npm packages (every other target does it by itself)
	@scripts/setup.sh

demo: setup ## Show it all on a sample marketplace, serve at http://localhost:30080 (PORT=… EXIT_AFTER_RUN=1)
	@node scripts/demo.ts

up: setup ## Start servers, dispatcher, workers and API in the background (WORKER_PARALLELISM=16 PORT=30080)
	@node scripts/up.ts

down: setup ## Stop what `make up` started
	@node scripts/down.ts

collect: setup ## Run one search: SOURCE=ebay SEARCH_TERM="thinkpad x1" MAX_PAGES=2, or SEARCH_URL=… (ENRICH_LIMIT=…)
	@node scripts/collect.ts

dev: setup ## Run everything on the sample marketplace, restart services as their files change
	@node scripts/dev.ts

k8s-build: setup ## Kubernetes: build the images and bring them into the cluster (MicroK8s's registry, or by import)
	@node scripts/kubernetes/k8s-build.ts

k8s-up: setup ## Kubernetes: apply k8s/ and wait until all is Ready (NAMESPACE=pricefleet WAIT_SECONDS=600)
	@node scripts/kubernetes/k8s-up.ts

k8s-collect: setup ## Kubernetes: run one search and follow it: SOURCE=ebay SEARCH_TERM="…" or SEARCH_URL=… (MAX_PAGES ENRICH_LIMIT)
	@node scripts/kubernetes/k8s-collect.ts

k8s-status: setup ## Kubernetes: one screen: pods, queues, runs, last errors
	@node scripts/kubernetes/k8s-status.ts

k8s-logs: setup ## Kubernetes: follow a component's logs (COMPONENT=worker FOLLOW=1)
	@node scripts/kubernetes/k8s-logs.ts

k8s-down: setup ## Kubernetes: remove what runs, keep the data
	@node scripts/kubernetes/k8s-down.ts

k8s-purge: setup ## Kubernetes: remove the namespace with all data, after asking (CONFIRM=its name)
	@node scripts/kubernetes/k8s-purge.ts

test: setup ## Run all tests with coverage, on throwaway servers (TESTS="packages/queue" for some)
	@node scripts/test.ts $(TESTS)

fuzz: setup ## Read rubbish of every kind with every source, longer than the tests do (FUZZ_RUNS=100000)
	@FUZZ_RUNS=$(or $(FUZZ_RUNS),100000) vitest run packages/sources/sources.test.ts

test-chaos: setup ## Break one thing after another in the middle of long runs (FAULT=worker-killed for one, CHAOS_TARGETS=2000, CHAOS_QUOTE_MINUTES=10)
	@scripts/test-chaos.sh

test-k8s: setup ## Prove images, manifests and chart on a Kubernetes for tests (the current context, or one of its own; TESTS=plain-manifests for some)
	@node scripts/test-k8s.ts $(TESTS)

manifests: setup ## Render k8s/ from the chart (wants helm)
	@node scripts/manifests.ts

bench: setup ## Measure speed and memory
	@scripts/bench.sh

lint: setup ## Look for mistakes, and for imports that cross a boundary
	@scripts/lint.sh

typecheck: setup ## Check the types
	@tsc --noEmit

format: setup ## Format all files
	@biome format --write .

check: setup ## All that CI checks besides the tests: types, lint, boundaries, format, schema dump
	@scripts/check.sh

clean: ## Remove node_modules and all local data (.local: also the demo's database)
	@scripts/clean.sh
