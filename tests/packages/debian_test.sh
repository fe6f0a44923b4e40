#!/bin/bash
# Builds the package, and runs debian/tests/train from it. Without optimization and debug symbols, building takes a third of
# the time.
# Uses: tools/deb. Argument: the root of the sources.
set -euo pipefail

cd "$1"
for command in dh lintian dpkg-buildpackage; do
    if ! command -v $command > /dev/null; then
        echo "$command is not installed: tools/bootstrap deb" >&2
        exit 77
    fi
done
if ! dpkg-checkbuilddeps debian/control; then
    echo "the package cannot be built here: tools/bootstrap build judge web deb" >&2
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
DEB_CFLAGS_APPEND=-g0 DEB_BUILD_OPTIONS="noopt nocheck noautodbgsym parallel=$(nproc)" tools/deb "$work/deb"
dpkg-deb -x "$work"/deb/quillet_*.deb "$work/root"
dpkg-deb -f "$work"/deb/quillet_*.deb Version | grep -qx "$(sed -n 's/^project(quillet VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)"
if grep -rlF "$work" "$work/root"; then
    echo "FAILED: these files name the folder that the package was built in"
    exit 1
fi
for file in usr/bin/quillet usr/share/man/man1/quillet-train.1.gz usr/share/cmake/Quillet/QuilletConfig.cmake \
    usr/share/bash-completion/completions/quillet usr/share/zsh/vendor-completions/_quillet usr/include/quillet/device/lstm.h; do
    [[ -s $work/root/$file ]] || { echo "FAILED: the package has no $file"; exit 1; }
done
QUILLET_EXAMPLES=$work/root/usr/share/doc/quillet/examples PATH=$work/root/usr/bin:$PATH sh debian/tests/train
