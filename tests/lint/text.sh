#!/usr/bin/env bash
# Words and calls that have no place in the tree.
set -u
bad=0
# Complain of the lines of the files "$3…" that match $2.
refuse() {
	local why=$1 what=$2 found
	shift 2

	found=$(grep -nIE -- "$what" "$@" /dev/null) || return 0
	printf '%s\n' "$found" | sed "s|\$|    <- $why|" | cut -c1-200
	bad=1
}

mapfile -t all < <(find . \( -path './build*' -o -path ./.git \) -prune -o \
    -type f -print | sed 's|^\./||' | sort)
mapfile -t code < <(printf '%s\n' "${all[@]}" | grep '\.[ch]$')
# Spelled so that this file does not hold what it looks for.
refuse 'unfinished' '\<(TO''DO|FIX''ME|XX''X)\>' "${all[@]}"
refuse 'a path of one machine' '(^|[^A-Za-z0-9_.$}])/(wo''rk|ho''me|ro''ot|Us''ers)/' \
    "${all[@]}"
refuse 'a conflict marker' '^(<<<<<''<<|>>>>>''>>)' "${all[@]}"
refuse 'unbounded or locale-bound call' \
    '\<(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|alloca|strtok)\(' \
    "${code[@]}"
refuse 'space at the end of a line' '[ 	]+$' "${code[@]}"

# Only programs print and exit: common/ and db/ return a sentence. The log,
# --help and the bad-luck exits of digest and sig are what programs call for, and
# filter leaves a child process of its own.
mapfile -t library < <(printf '%s\n' "${code[@]}" | grep -E '^(common|db)/' |
    grep -vE '^common/(log|opt|sig|digest|filter)\.c$')
refuse 'libraries neither print nor exit' \
    '(^|[^a-z_])(printf|puts|perror|exit|_exit|abort)\(' "${library[@]}"
exit $bad
