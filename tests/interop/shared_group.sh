# shared_group.sh - one reader group with two Java and two C readers. Sourced by run.
#
# Each reader is a process whose lines say when it was given what (peer_reader.c, GroupReader.java). An event that a
# reader was given after the last checkpoint that counts is as good as not given: it is left out, and has to come again.

peer_program=build/tests/interop/peer

# given GENERATION...: the events of these generations of readers, in the order of their times.
given() {
    local generation
    for generation in "$@"; do
        cat "$shared/$generation"-*
    done | awk '$2 == "event"' | sort -n | awk '{ print $3, $4 }'
}

# start_readers GENERATION: two of each kind; their pids go to reader_pids[KIND].
start_readers() {
    local kind
    for kind in c-1 c-2; do
        $peer_program "$uri" group-share "$group" "$1-$kind" >"$shared/$1-$kind" 2>"$shared/$1-$kind.err" &
        reader_pids[$kind]=$!
    done
    for kind in java-1 java-2; do
        java_peer "$uri" group-share "$group" "$1-$kind" >"$shared/$1-$kind" 2>"$shared/$1-$kind.err" &
        reader_pids[$kind]=$!
    done
    for kind in c-1 c-2 java-1 java-2; do
        await 180 "reader $1-$kind" "${reader_pids[$kind]}" grep -q joined "$shared/$1-$kind"
    done
}

# settle COUNT GENERATION...: checkpoints, since segments change hands at them only, until so many events are given.
settle() {
    local count=$1 tries
    shift
    for ((tries = 0; tries < 120; tries++)); do
        [ "$(given "$@" | wc -l)" -lt "$count" ] || return 0
        $peer_program "$uri" group-checkpoint "$group" "settle-$((settled++))" >/dev/null || return 1
        sleep 1
    done
    echo "only $(given "$@" | wc -l) of $count events were given"
    return 1
}

# forget_after NAME GENERATION: what was given after the checkpoint NAME does not count; NAME "": after any.
forget_after() {
    local file
    for file in "$shared/$2"-*[0-9]; do
        awk -v name="$1" '{ lines[NR] = $0 } $2 == "checkpoint" && (name == "" || $3 == name) { last = NR }
            END { for (i = 1; i <= last; i++) print lines[i] }' "$file" >"$file.kept" && mv "$file.kept" "$file"
    done
}

# Scaling up and down, a checkpoint by each side, a reset to one of them, a reader killed.
share_group() {
    peer "$uri" create "$stream" 1 && $peer_program "$uri" group-create "$group" "$stream" || return 1
    start_readers first
    peer "$uri" write "$stream" 0 1000 && $peer_program "$uri" stream-scale "$stream" 4 &&
        peer "$uri" write "$stream" 1000 2000 &&
        $peer_program "$uri" group-checkpoint "$group" by-c >"$shared/by-c.hex" &&
        peer "$uri" write "$stream" 2000 3000 && $peer_program "$uri" stream-scale "$stream" 2 &&
        peer "$uri" write "$stream" 3000 4000 &&
        peer "$uri" group-checkpoint "$group" by-java >"$shared/by-java.hex" &&
        settle 4000 first && given first | verify_lines 0 4000 || return 1

    echo "resetting" && $peer_program "$uri" group-reset-to "$group" "$(cat "$shared/by-c.hex")" || return 1
    for kind in "${!reader_pids[@]}"; do
        wait "${reader_pids[$kind]}" || { echo "$kind ended badly after the reset"; return 1; }
        grep -q offline "$shared/first-$kind" || { echo "$kind did not see the reset"; return 1; }
    done
    forget_after by-c first
    start_readers second
    settle 4000 first second && given first second | verify_lines 0 4000 || return 1

    echo "killing" && $peer_program "$uri" group-checkpoint "$group" before-kill >/dev/null || return 1
    peer "$uri" write "$stream" 4000 4500 && $peer_program "$uri" stream-scale "$stream" 3 || return 1
    kill -9 "${reader_pids[c-1]}"
    wait "${reader_pids[c-1]}" 2>/dev/null
    peer "$uri" write "$stream" 4500 5000 && $peer_program "$uri" group-offline "$group" second-c-1 || return 1
    mkdir "$shared/dead" && cp "$shared/second-c-1" "$shared/dead/" || return 1
    shared=$shared/dead forget_after "" second && cp "$shared/dead/second-c-1" "$shared/second-c-1" || return 1
    settle 5000 first second && given first second | verify_lines 0 5000 || return 1

    echo "closing"
    for kind in c-2 java-1 java-2; do
        kill -TERM "${reader_pids[$kind]}"
        wait "${reader_pids[$kind]}" || { echo "$kind did not close"; return 1; }
    done
    ! $peer_program "$uri" group-show "$group" | grep '^reader'
}

shared_group() {
    local uri=$1 shared=$work/shared-${1##*:} group=interop/shared stream=interop/shared-events settled=0 kind
    local -A reader_pids=()
    mkdir "$shared" && {
        share_group
        local status=$?
        for kind in "${!reader_pids[@]}"; do
            kill -9 "${reader_pids[$kind]}" 2>/dev/null
        done
        return $status
    }
}
