#!/usr/bin/env bash
# What the compiler does not see. Each check is a script of this directory; it
# prints what is wrong, one line each, and exits 1; exit 77 = cannot be run
# here, with the reason. Ends with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
CC=${CC:-cc}
export BUILD CC
passed=0 failed=0 skipped=0
for check in tests/lint/*.sh; do
	name=$(basename "$check" .sh)
	[ "$name" = run ] && continue
	said=$(bash "$check" 2>&1)
	case $? in
	0)	passed=$((passed + 1)); echo "lint $name: ok" ;;
	77)	skipped=$((skipped + 1)); echo "lint $name: skipped: $said" ;;
	*)	failed=$((failed + 1)); echo "lint $name: FAILED"
		printf '%s\n' "$said" | sed 's/^/  /' ;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
