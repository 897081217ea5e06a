# rust.sh - Pravega's Rust client against a server. Sourced by run, after servers.sh.
#
# The client's crate and what it stands on are published packages, as pinned in rust/Cargo.lock. Debian's own Rust is too old
# for them; its rustc-web is not. The build takes minutes, so it runs beside what comes first.

rust_version_min=1.85 # as in rust/Cargo.toml
rust_built=""         # the file that the build leaves its status in, if there is a build

# The checks' names, which are in the sources.
rust_names() {
    sed -n 's/.*suite\.add("\([^"]*\)".*/rust: \1/p' tests/interop/rust/src/*.rs
}

is_rust_wanted() {
    local part
    [ ${#wanted[@]} -gt 0 ] || return 0
    for part in "${wanted[@]}"; do
        ! rust_names | grep -qF -- "$part" || return 0
    done
    return 1
}

is_cargo_new_enough() {
    local version
    version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
    [ -n "$version" ] && [ "$(printf '%s\n' "$rust_version_min" "$version" | sort -V | head -n 1)" = "$rust_version_min" ]
}

# A cargo that is there and too old is somebody's own: it is left alone.
need_cargo() {
    is_cargo_new_enough && return
    if command -v cargo >/dev/null; then
        say "SKIPPED: the Rust client: it needs cargo $rust_version_min, and here is $(cargo --version)"
        return 1
    fi
    (install_packages $rust_packages) && is_cargo_new_enough && return
    say "SKIPPED: the Rust client: it needs cargo $rust_version_min or later, which cargo-web of Debian 12 brings"
    return 1
}

start_rust_build() {
    is_rust_wanted && need_cargo || return 0
    rust_built=$work/rust.built
    {
        # A build script ends if it cannot format what it generates, and Debian's cargo brings no rustfmt.
        RUSTFMT=true nice cargo build --quiet --locked --manifest-path tests/interop/rust/Cargo.toml --target-dir "$cache/rust"
        echo $? >"$rust_built"
    } >"$cache/rust.log" 2>&1 &
    pids="$pids $!"
}

# The checks with this part in their names. If the program ends in the midst of them, that is a failure of its own, which names
# those that have no result.
rust_checks() { # rust_checks SERVER PART
    local server=$1 part=$2 lines=$work/rust-$1.lines status missing
    (enter "$server" && timeout 1200 "$cache/rust/debug/rust-peer" "${uris[$server]/127.0.0.1/localhost}" "$part") \
        >"$lines" 2>>"$work/rust-$server.log"
    status=$?
    missing=$(rust_names | grep -F -- "$part" | grep -vxF -f <(cut -f 3 "$lines") | paste -s -d ';' | sed 's/;/; /g')
    cat "$lines" >>"$work/results.$server"
    [ $status -gt 1 ] || [ -n "$missing" ] || return 0
    printf 'FAILED\t0\trust: the client comes to the end of its checks\tit ended with status %s; not run: %s (%s)\n' \
        "$status" "${missing:-none}" "$work/rust-$server.log" >>"$work/results.$server"
}

# What the Rust client does by itself, once it is built.
rust_suite() {
    local server=$servers part
    [ -n "$rust_built" ] || return 0
    until [ -s "$rust_built" ]; do sleep 0.3; done
    if [ "$(cat "$rust_built")" != 0 ]; then
        printf 'FAILED\t0\trust: it is built\tthe whole output is in %s\n' "$cache/rust.log" >>"$work/results.$server"
        return
    fi
    for part in "${wanted[@]:-}"; do
        rust_checks "$server" "$part"
    done
}
