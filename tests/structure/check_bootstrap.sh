#!/bin/sh
# Tests tools/bootstrap: it reads its table (a string of the shell, in which a stray quotation mark does harm), knows the
# groups that the Makefile names, and a demo on a bare machine brings no browser, no tests and no Node, and needs no
# MPI. The packages that make deb installs are enough to build the package.
# Uses: bash, awk. Argument: the root of the sources.
set -eu

cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

tools/bootstrap --dry-run build demo test judge browser web pico arm arm64 lint fuzz deb

# shellcheck disable=SC2013
for groups in $(sed -n 's/^\t@tools\/bootstrap //p' Makefile | tr ' ' '\n' | sort -u); do
    if ! grep -q "^$groups  *[a-z]" tools/bootstrap; then
        echo "the Makefile names the group $groups, of which tools/bootstrap has no package"
        status=1
    fi
done
if grep -q '^	@tools/bootstrap *$' Makefile; then
    echo "a command of the Makefile names no group of tools/bootstrap"
    status=1
fi

awk '/^demo:/ { inside = 1; next } /^[a-z]/ { inside = 0 } inside && /tools\/bootstrap/' Makefile > "$work/demo"
if [ "$(cat "$work/demo")" != "	@tools/bootstrap build demo" ]; then
    echo "make demo has to install the groups build and demo, and no others; it says:"
    cat "$work/demo"
    status=1
fi
# dpkg-buildpackage refuses to start without build-essential, which no package names.
# shellcheck disable=SC2013
for package in build-essential $(sed -n '/^Build-Depends:/,/^[A-Z]/ s/^ \([a-z0-9.+-]*\),$/\1/p' debian/control); do
    if ! grep -qE "^(build|judge|web|pico|deb) +$package " tools/bootstrap; then
        echo "make deb needs $package, which tools/bootstrap does not install for it"
        status=1
    fi
done
if grep -E '^(build|demo) ' tools/bootstrap | grep -E ' (chromium|libcmocka-dev|nodejs|npm|clang|socat|qemu[a-z-]*) '; then
    echo "these are not needed by the build and the demo"
    status=1
fi
# FindMPI creates its target before it knows whether there is MPI, so a machine without it would compile files that
# include mpi.h.
if grep -n 'TARGET MPI::MPI_C' CMakeLists.txt bench/CMakeLists.txt tests/cli/CMakeLists.txt; then
    echo "these lines have to ask for MPI_C_FOUND; the target is there without MPI, too"
    status=1
fi
exit $status
