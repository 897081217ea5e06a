# groups.sh - reader groups that the Java client and the C peer share. Sourced by run; each check gets the server's URI
# as its last argument. The verbs are those of peer_groups.c and GroupPeer.java, which print the same of the same group.

c_peer() { # c_peer URI VERB...
    timeout 120 build/tests/interop/peer "$@"
}

# Both see the same group.
same_view() { # same_view URI GROUP
    peer "$1" group-show "$2" >"$work/view-java" && c_peer "$1" group-show "$2" >"$work/view-c" || return 1
    [ -s "$work/view-c" ] && diff "$work/view-java" "$work/view-c" >"$work/view-diff" && return
    echo "Java and C see different groups: $(tr '\n' ';' <"$work/view-diff")"
    return 1
}

# count_readers URI GROUP COUNT
count_readers() {
    [ "$(c_peer "$1" group-show "$2" | grep -c '^reader ')" = "$3" ]
}

# await_readers URI GROUP COUNT
await_readers() {
    local deadline=$(($(date +%s) + 30))
    until count_readers "$@"; do
        [ "$(date +%s)" -lt $deadline ] || { echo "there are not $3 readers in time"; return 1; }
        sleep 0.3
    done
}

# made_by MAKER OTHER URI: one makes the group, both see it, Java reads it, the other deletes it, and it is gone for both.
made_by() {
    local maker=$1 other=$2 uri=$3 group=interop/made-by-${1/_/-} stream=interop/made-by-${1/_/-}
    peer "$uri" create $stream 3 && peer "$uri" write $stream 0 300 || return 1
    "$maker" "$uri" group-create $group $stream && "$maker" "$uri" group-create $group $stream || return 1
    same_view "$uri" $group || return 1
    [ "$(c_peer "$uri" group-unread $group)" = "$(peer "$uri" group-unread $group)" ] ||
        { echo "Java and C have different numbers of unread bytes"; return 1; }
    peer "$uri" group-read $group r1 30000 300 >"$work/group-events" && verify_lines 0 300 <"$work/group-events" || return 1
    same_view "$uri" $group || return 1
    [ "$(c_peer "$uri" group-unread $group)" = 0 ] || { echo "there is something unread"; return 1; }
    "$other" "$uri" group-delete $group || return 1
    ! peer "$uri" group-show $group >"$work/gone-java" 2>&1 && ! c_peer "$uri" group-show $group >"$work/gone-c" 2>&1 ||
        { echo "a deleted group is seen"; return 1; }
    grep -q NOT_FOUND "$work/gone-c"
}

# What readers printed after a checkpoint that all of them met.
after_mark() { # after_mark NAME FILE...
    local name=$1 file
    shift
    for file; do
        grep -q "^checkpoint $name\$" "$file" || { echo "a reader has not met the checkpoint" >&2; return 1; }
        awk -v mark="checkpoint $name" 'met; $0 == mark { met = 1 }' "$file"
    done
}

# checkpoint_by MAKER RESETTER URI: one makes a checkpoint while two Java readers read and more is written, the other
# one resets the group to it: then the same events come that came after it.
checkpoint_by() {
    local maker=$1 resetter=$2 uri=$3 group=interop/checkpoint-by-${1/_/-} stream=interop/checkpoint-by-${1/_/-} readers checkpoint
    peer "$uri" create $stream 4 && peer "$uri" write $stream 0 1000 && c_peer "$uri" group-create $group $stream ||
        return 1
    beside peer "$uri" group-read $group r1 6000 >"$work/$maker-r1" & readers=$!
    beside peer "$uri" group-read $group r2 6000 >"$work/$maker-r2" & readers="$readers $!"
    await_readers "$uri" $group 2 || { kill $readers; return 1; }
    checkpoint=$("$maker" "$uri" group-checkpoint $group mark) || { kill $readers; return 1; }
    peer "$uri" write $stream 1000 2000
    # shellcheck disable=SC2086
    wait $readers
    after_mark mark "$work/$maker-r1" "$work/$maker-r2" | sort >"$work/$maker-after" || return 1
    [ "$(wc -l <"$work/$maker-after")" -ge 1000 ] || { echo "not all came after the checkpoint"; return 1; }
    cat "$work/$maker-r1" "$work/$maker-r2" | grep -v '^checkpoint' | sort -n -k 2 | verify_lines 0 2000 || return 1
    "$resetter" "$uri" group-reset-to $group "$checkpoint" && same_view "$uri" $group || return 1
    peer "$uri" group-read $group r3 30000 "$(wc -l <"$work/$maker-after")" | sort >"$work/$maker-again"
    cmp "$work/$maker-after" "$work/$maker-again" && verify_groups_cuts "$uri" $group
}

# Both find the same place by asking the readers, of whom there are none.
verify_groups_cuts() { # verify_groups_cuts URI GROUP
    [ "$(peer "$1" group-cuts "$2")" = "$(c_peer "$1" group-cuts "$2")" ] || { echo "their cuts differ"; return 1; }
}

# A Java reader dies, C says so; another one reads all of it, since there was no checkpoint.
reader_dies() {
    local group=interop/dies stream=interop/dies
    peer "$1" create $stream 2 && peer "$1" write $stream 0 500 && peer "$1" group-create $group $stream || return 1
    peer "$1" group-read-and-die $group dead 2000 >"$work/dead" && verify_lines 0 500 <"$work/dead" || return 1
    count_readers "$1" $group 1 && same_view "$1" $group || { echo "the dead reader is no member"; return 1; }
    c_peer "$1" group-offline $group dead && c_peer "$1" group-offline $group dead || return 1
    count_readers "$1" $group 0 || { echo "the dead reader is a member"; return 1; }
    peer "$1" group-read $group heir 30000 500 >"$work/heir" && verify_lines 0 500 <"$work/heir"
}

# Resets of both kinds race; the group ends up with one of them, and can be read.
resets_race() {
    local group=interop/races one=interop/races-1 two=interop/races-2 racers="" failed=0 racer round
    peer "$1" create $one 1 && peer "$1" create $two 2 && peer "$1" write $one 0 100 && peer "$1" write $two 100 200 &&
        c_peer "$1" group-create $group $one || return 1
    for round in 1 2 3; do
        peer "$1" group-reset $group $one & racers="$racers $!"
        c_peer "$1" group-reset $group $one $two & racers="$racers $!"
        c_peer "$1" group-reset $group $two & racers="$racers $!"
    done
    for racer in $racers; do
        wait "$racer" || failed=1
    done
    [ $failed = 0 ] && c_peer "$1" group-reset $group $one $two && same_view "$1" $group || return 1
    peer "$1" group-read $group r1 30000 200 | sort -n -k 2 | verify_lines 0 200
}

# Our group's state is compacted by C while a dead Java reader is a member, a checkpoint is known and another one is
# under way. Each Java process after that begins with what C wrote: it sees the same group, declares the reader dead, and
# reads on behind the checkpoint. Then C reads a state that Java has gone on with, and compacts again.
java_reads_a_compact() {
    local group=interop/compacted stream=interop/compacted checkpoint
    peer "$1" create $stream 3 && peer "$1" write $stream 0 300 && c_peer "$1" group-create $group $stream || return 1
    peer "$1" group-read-and-die $group dead 2000 >"$work/compact-dead" || return 1
    c_peer "$1" group-offline $group dead && checkpoint=$(c_peer "$1" group-checkpoint $group mark) || return 1
    peer "$1" group-read-and-die $group second 2000 >"$work/compact-second" || return 1
    same_view "$1" $group && cp "$work/view-java" "$work/view-before" || return 1
    build/tests/interop/compactor "$1" interop compacted && build/tests/interop/compactor "$1" interop compacted || return 1
    same_view "$1" $group && cmp "$work/view-before" "$work/view-java" || return 1
    peer "$1" group-offline $group second && count_readers "$1" $group 0 && same_view "$1" $group || return 1
    peer "$1" group-read $group heir 30000 300 >"$work/compact-heir" && verify_lines 0 300 <"$work/compact-heir" || return 1
    build/tests/interop/compactor "$1" interop compacted && same_view "$1" $group || return 1
    peer "$1" group-reset-to $group "$checkpoint" && same_view "$1" $group || return 1
    peer "$1" group-read $group again 30000 300 >"$work/compact-again" && verify_lines 0 300 <"$work/compact-again"
}
