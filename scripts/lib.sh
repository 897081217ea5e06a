# lib.sh - what the scripts share: where things are, how packages get installed, how the tree is built.
# Sourced with the repository's root as the working folder; plain POSIX sh, since a minimal Debian has no other.

# What a build needs, what the tests need on top of it, and what one level alone needs.
build_packages="gcc libc6-dev meson ninja-build pkg-config libevent-dev libssl-dev libnghttp2-dev libprotobuf-c-dev
protobuf-c-compiler protobuf-compiler libmsgpack-dev libzstd-dev libxxhash-dev zlib1g-dev libjansson-dev"
test_packages="check g++ openssl"
fuzz_packages="clang-14 libclang-rt-14-dev"
rust_packages="cargo-web" # for interop's Rust client: Debian 12's own cargo is too old for it

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Those of the given Debian packages that are not installed.
missing_packages() {
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Installs what is missing of the given packages, and says which; silent when all are there.
install_packages() {
    command -v dpkg-query >/dev/null || die "this is no Debian: install what corresponds to: $*"
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing; as root: apt-get install --no-install-recommends $missing"
        as_root="sudo"
    fi
    say "installing Debian packages: $missing"
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of words
    if ! { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die "apt-get could not install them; the whole output is in $log"
    fi
    rm -f "$log"
}

# build DIR "MESON OPTIONS" [TARGET...]: sets DIR up at first, then builds; quiet unless it fails.
build() {
    dir=$1 options=$2
    shift 2
    if [ ! -e "$dir/build.ninja" ]; then
        say "configuring $dir"
        # shellcheck disable=SC2086 # a list of words
        meson setup "$dir" . $options >"$dir.log" 2>&1 || { tail -n 15 "$dir.log" >&2; die "meson setup $dir failed"; }
        mv "$dir.log" "$dir/setup.log"
    fi
    ninja -C "$dir" -n "$@" | grep -q 'no work to do' && return 0
    say "building in $dir"
    ninja -C "$dir" "$@" >"$dir/build.log" 2>&1 || { grep -E 'error|FAILED' "$dir/build.log" | head -n 20 >&2
        die "the build failed; the whole output is in $dir/build.log"; }
}

now_ms() {
    date +%s%3N
}
