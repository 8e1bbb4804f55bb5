#!/usr/bin/env bats
# What is installed, and how it is put there.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	BUILD=${BUILD:-build}
	STAGE=$BATS_TEST_TMPDIR/stage
}

@test "make install puts programs, manuals, units and completions under DESTDIR and PREFIX" {
	make -s BUILD="$BUILD" DESTDIR="$STAGE" PREFIX=/opt/pulse install
	for program in "$BUILD"/bin/*; do
		[ -x "$STAGE/opt/pulse/bin/$(basename "$program")" ]
	done
	[ -e "$STAGE/opt/pulse/share/man/man7/pulse.7" ]
	[ -e "$STAGE/opt/pulse/lib/systemd/system/pulse.service" ]
	[ -e "$STAGE/opt/pulse/share/bash-completion/completions/pulse-ctl" ]
	[ -e "$STAGE/opt/pulse/share/zsh/site-functions/_pulse-ctl" ]
	[ -e "$STAGE/opt/pulse/share/fish/vendor_completions.d/pulse-ctl.fish" ]
	# Nothing lands outside of the prefix.
	[ "$(ls "$STAGE")" = opt ]
	[ "$(ls "$STAGE/opt")" = pulse ]
}

@test "make uninstall takes away exactly what make install brought" {
	mkdir -p "$STAGE/opt/pulse/bin" "$STAGE/opt/pulse/share/man/man1"
	echo theirs >"$STAGE/opt/pulse/bin/other"
	echo theirs >"$STAGE/opt/pulse/share/man/man1/other.1"
	make -s BUILD="$BUILD" DESTDIR="$STAGE" PREFIX=/opt/pulse install
	make -s BUILD="$BUILD" DESTDIR="$STAGE" PREFIX=/opt/pulse uninstall
	run find "$STAGE" ! -type d
	[ "$(printf '%s\n' "${lines[@]}" | sort)" = "$(printf '%s\n' \
	    "$STAGE/opt/pulse/bin/other" \
	    "$STAGE/opt/pulse/share/man/man1/other.1" | sort)" ]
}

@test "the installed units name the installed programs and are well formed" {
	make -s BUILD="$BUILD" DESTDIR="$STAGE" PREFIX=/opt/pulse install
	cd "$STAGE/opt/pulse/lib/systemd/system"
	run grep -rh '@BINDIR@' .
	[ "$status" -eq 1 ]
	while read -r command; do
		[ -x "$STAGE$command" ]
	done < <(grep -oh '/opt/pulse/bin/[a-z-]*' ./*.service | sort -u)
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	sed -i "s|/opt/pulse/bin/|$STAGE/opt/pulse/bin/|g" ./*.service
	run systemd-analyze verify --man=no ./*.service ./*.timer
	[ "$status" -eq 0 ]
	for unit in ./*.service; do
		systemd-analyze security --offline=true --threshold=25 "$unit"
	done
}

@test "bash, zsh and fish take their completions" {
	make -s BUILD="$BUILD" completions
	bash -n "$BUILD/completions/pulse-ctl.bash"
	if command -v zsh >/dev/null; then
		zsh -n "$BUILD/completions/pulse-ctl.zsh"
	fi
	if command -v fish >/dev/null; then
		fish -n "$BUILD/completions/pulse-ctl.fish"
	fi
	grep -q rule "$BUILD/completions/pulse-ctl.zsh"
	grep -q rule "$BUILD/completions/pulse-ctl.fish"
}

@test "the tarball is the same bytes twice" {
	git rev-parse HEAD >/dev/null 2>&1 || skip "not a git clone"
	make -s BUILD="$BATS_TEST_TMPDIR/one" dist
	make -s BUILD="$BATS_TEST_TMPDIR/two" dist
	cmp "$BATS_TEST_TMPDIR"/one/*.tar.gz "$BATS_TEST_TMPDIR"/two/*.tar.gz
}

@test "the development packages are named by package, and installed ones are left alone" {
	command -v dpkg-query >/dev/null || skip "not Debian"
	run tests/deps.sh nonsense
	[ "$status" -eq 2 ]
	for package in gcc make; do
		dpkg-query -W "$package" >/dev/null 2>&1 || skip "$package by other means"
	done
	# With everything there it says nothing and calls nothing.
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho called >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/apt-get"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	PATH="$BATS_TEST_TMPDIR/bin:$PATH" run tests/deps.sh build
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}
