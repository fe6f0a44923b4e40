#!/bin/bash
# The release number of CMakeLists.txt is the first of CHANGELOG.md and of debian/changelog, is a semantic version, and is what
# the tool says. Arguments: the root of the sources, the tool.
set -euo pipefail

cd "$1"
version=$(sed -n 's/^project(quillet VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)
failed=0
# same WHERE FOUND
same()
{
    if [[ $2 != "$version" ]]; then
        echo "$1 has version '$2', CMakeLists.txt has '$version'"
        failed=1
    fi
}
[[ $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]] || { echo "'$version' is not a semantic version"; failed=1; }
same CHANGELOG.md "$(sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -1)"
same debian/changelog "$(sed -n '1s/^quillet (\(.*\)) .*/\1/p' debian/changelog)"
same "quillet --version" "$("$2" --version | sed 's/^quillet //; s/+[0-9a-f]*$//')"
grep -q '^## \[Unreleased\]$' CHANGELOG.md || { echo "CHANGELOG.md has no section for what is not released"; failed=1; }
exit $failed
