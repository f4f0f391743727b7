#!/bin/sh
# Every public inline of core has a symbol: inlines.sh LIBRARY HEADER...
lib=$1
shift
symbols=$(nm -D --defined-only "$lib" | sed 's/.* //; s/@.*//') || exit 1
names=$(cat "$@" | sed -n 's/^LEAT_INLINE .*[ *]\(leat_[a-z0-9_]*\)(.*/\1/p')
[ -n "$names" ] || { echo "no inlines found in $*"; exit 1; }
bad=0
for name in $names; do
	printf '%s\n' "$symbols" | grep -qx "$name" || { echo "$name has no symbol"; bad=1; }
done
exit $bad
