# The commands that a newcomer needs; CMake does the work.
# Uses: tools/, CMakePresets.json. `make help` lists the targets from the comments behind them.

.DEFAULT_GOAL := all
.PHONY: all help demo firmware frame install test goldens conformance mutants faults fuzz coverage bench lint format clean

# For a build folder that is new; one that is there keeps its generator.
export CMAKE_GENERATOR ?= Ninja

ifeq ($(CI),true)
configure_flags := -D QL_WARNINGS_AS_ERRORS=ON
endif

all: build/cmake_install.cmake ## build the tool, build/quillet
	@cmake --build build --target quillet -- --quiet

# CMake writes this file at the end of a configuration that went well; from then on the build repeats it when needed.
build/cmake_install.cmake:
	@command -v cmake > /dev/null || { echo "cmake is missing: run tools/bootstrap" >&2; exit 1; }
	@cmake --preset release $(configure_flags) > /dev/null

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: ## install what is missing; train two models, and let them write
	@tools/bootstrap build demo
	@$(MAKE) --no-print-directory all
	@tools/demo

firmware: ## install what is missing; build the images for Pico and Pico 2
	@tools/bootstrap build pico web
	@cmake --preset release -D BUILD_PICO=ON $(configure_flags) > /dev/null
	@cmake --build build --target firmware -- --quiet -k 0

frame: ## make the page on which the image runs in a browser, and open it
	@tools/bootstrap build pico web
	@cmake --preset release -D BUILD_PICO=ON $(configure_flags) > /dev/null
	@cmake --build build --target quillet frame_image -- --quiet
	@build/quillet emulate --page

# DESTDIR goes before PREFIX, as packages need it. What tools/bootstrap web pico brings is installed where it is there.
PREFIX = /usr/local
export DESTDIR
install: all ## install the tool and its data below PREFIX=/usr/local
	@cmake --build build --target installed_files -- --quiet
	@cmake --install build --prefix "$(PREFIX)" > /dev/null

deb: ## build the Debian package, build/deb/quillet_*.deb
	@tools/bootstrap build judge web pico deb
	@tools/deb

test: ## install what is missing; run all tests, and under sanitizers
	@tools/bootstrap build demo test judge mpi browser web pico arm64 deb
	@tools/test $(configure_flags)

goldens: ## write all golden files anew, after a bit was meant to change
	@tools/bootstrap build test
	@cmake --preset release $(configure_flags) > /dev/null
	@tools/goldens

conformance: ## compare thousands of random operators with ONNX Runtime
	@tools/bootstrap build test web
	@cmake --preset release $(configure_flags) > /dev/null
	@cmake --build build --target conformance -- --quiet
	@build/tests/conformance/conformance --generated_c 10

mutants: ## plant faults like real ones, and see that the tests catch each
	@tools/bootstrap build test web
	@tools/mutants

faults: ## let every call fail, one by one, in every command and the server
	@tools/bootstrap build test
	@cmake --preset release $(configure_flags) > /dev/null
	@cmake --build build --target faults -- --quiet
	@cmake --preset asan $(configure_flags) > /dev/null
	@cmake --build build-asan --target faults -- --quiet

fuzz: ## run each fuzz target a million times
	@tools/bootstrap build test fuzz
	@tools/fuzz

coverage: ## say which lines and branches the tests run
	@tools/bootstrap build test web
	@tools/coverage

bench: all ## measure speed and quality beside other tools: all that needs only the demo
	@bench/run

lint: ## check format, common mistakes and the structure of the sources
	@tools/bootstrap build test lint
	@tools/lint

format: ## format the C sources in place
	@tools/bootstrap lint
	@tools/lint --fix

clean: ## remove all build folders
	@rm -rf build build-debug build-asan build-tsan build-fuzz build-msan build-coverage build-service build-mutants
