# groups.sh - reader groups that the Java client and the C peer share. Sourced by run; each check gets the server's URI
# as its last argument. The verbs are those of peer_groups.c and GroupPeer.java, which print the same of the same group.

c_peer() { # c_peer URI VERB...
    timeout "${peer_seconds:-300}" build/tests/interop/peer "$@"
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

# made_by MAKER OTHER URI: one makes the group, both see it, Java reads it, the other deletes it, and it is gone for both.
made_by() {
    local maker=$1 other=$2 uri=$3 group=interop/made-by-${1/_/-} stream=interop/made-by-${1/_/-}
    peer "$uri" create $stream 3 && peer "$uri" write $stream 0 300 || return 1
    "$maker" "$uri" group-create $group $stream && "$maker" "$uri" group-create $group $stream || return 1
    same_view "$uri" $group || return 1
    [ "$(c_peer "$uri" group-unread $group)" = "$(peer "$uri" group-unread $group)" ] ||
        { echo "Java and C have different numbers of unread bytes"; return 1; }
    peer "$uri" group-read $group r1 120000 300 >"$work/group-events" && verify_lines 0 300 <"$work/group-events" || return 1
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

# start_java_reader URI GROUP READER: in the background until SIGTERM, however long the others take; $! is its pid. What it is
# given goes to $work/READER, in the form of shared_group.sh.
start_java_reader() {
    rm -f "$work/$3"
    java_peer "$1" group-share "$2" "$3" >"$work/$3" 2>"$work/$3.err" &
    await 120 "reader $3" $! grep -q joined "$work/$3"
}

# end_readers PID...: they close in order.
end_readers() {
    local pid
    kill -TERM "$@" || return 1
    for pid; do
        wait "$pid" || { echo "a reader ended with $?"; return 1; }
    done
}

# were_given COUNT FILE...
were_given() {
    [ "$(cat "${@:2}" | awk '$2 == "event"' | wc -l)" -ge "$1" ]
}

# What a reader was given, in the form of group-read.
as_read() {
    awk '$2 == "event" { print $3, $4 } $2 == "checkpoint" { print $2, $3 }' "$1"
}

# checkpoint_by MAKER RESETTER URI: one makes a checkpoint while two Java readers read and more is written, the other
# one resets the group to it: then the same events come that came after it.
checkpoint_by() (
    maker=$1 resetter=$2 uri=$3 group=interop/checkpoint-by-${1/_/-} stream=interop/checkpoint-by-${1/_/-}
    one=${maker/_/-}-r1 two=${maker/_/-}-r2 readers=""
    trap 'kill -9 $readers 2>/dev/null' EXIT
    peer "$uri" create $stream 4 && peer "$uri" write $stream 0 1000 && c_peer "$uri" group-create $group $stream || exit 1
    start_java_reader "$uri" $group "$one" && readers=$!
    start_java_reader "$uri" $group "$two" && readers="$readers $!"
    count_readers "$uri" $group 2 || { echo "the two readers are no members"; exit 1; }
    checkpoint=$("$maker" "$uri" group-checkpoint $group mark) && peer "$uri" write $stream 1000 2000 || exit 1
    await 120 "what was written" "${readers% *}" were_given 2000 "$work/$one" "$work/$two"
    sleep 0.5 # for what might come twice
    # shellcheck disable=SC2086
    end_readers $readers || exit 1
    readers=""
    as_read "$work/$one" >"$work/$one-read" && as_read "$work/$two" >"$work/$two-read"
    after_mark mark "$work/$one-read" "$work/$two-read" | sort >"$work/$maker-after" || exit 1
    [ "$(wc -l <"$work/$maker-after")" -ge 1000 ] || { echo "not all came after the checkpoint"; exit 1; }
    cat "$work/$one-read" "$work/$two-read" | grep -v '^checkpoint' | sort -n -k 2 | verify_lines 0 2000 || exit 1
    "$resetter" "$uri" group-reset-to $group "$checkpoint" && same_view "$uri" $group || exit 1
    peer "$uri" group-read $group r3 120000 "$(wc -l <"$work/$maker-after")" | sort >"$work/$maker-again"
    cmp "$work/$maker-after" "$work/$maker-again" && verify_groups_cuts "$uri" $group
)

# Both find the same place by asking the readers, of whom there are none.
verify_groups_cuts() { # verify_groups_cuts URI GROUP
    [ "$(peer "$1" group-cuts "$2")" = "$(c_peer "$1" group-cuts "$2")" ] || { echo "their cuts differ"; return 1; }
}

# A Java reader dies, C says so; another one reads all of it, since there was no checkpoint.
reader_dies() {
    local group=interop/dies stream=interop/dies
    peer "$1" create $stream 2 && peer "$1" write $stream 0 500 && peer "$1" group-create $group $stream || return 1
    peer "$1" group-read-and-die $group dead 120000 500 >"$work/dead" && verify_lines 0 500 <"$work/dead" || return 1
    count_readers "$1" $group 1 && same_view "$1" $group || { echo "the dead reader is no member"; return 1; }
    c_peer "$1" group-offline $group dead && c_peer "$1" group-offline $group dead || return 1
    count_readers "$1" $group 0 || { echo "the dead reader is a member"; return 1; }
    peer "$1" group-read $group heir 120000 500 >"$work/heir" && verify_lines 0 500 <"$work/heir"
}

# again_if_busy COMMAND...: the real controller tells who resets a group while another reset of it is being written to come
# again, and neither client does so by itself.
again_if_busy() {
    local said tries
    for tries in {1..100}; do
        said=$("$@" 2>&1) && return 0
        case $said in
        *"another update of it is under way"* | *"Failed to update Reader Group"*) ;;
        *) break ;;
        esac
    done
    echo "$said"
    return 1
}

# Resets of both kinds race; the group ends up with one of them, and can be read.
resets_race() {
    local group=interop/races one=interop/races-1 two=interop/races-2 racers="" failed=0 racer round
    peer "$1" create $one 1 && peer "$1" create $two 2 && peer "$1" write $one 0 100 && peer "$1" write $two 100 200 &&
        c_peer "$1" group-create $group $one || return 1
    for round in 1 2 3; do
        again_if_busy peer "$1" group-reset $group $one & racers="$racers $!"
        again_if_busy c_peer "$1" group-reset $group $one $two & racers="$racers $!"
        again_if_busy c_peer "$1" group-reset $group $two & racers="$racers $!"
    done
    for racer in $racers; do
        wait "$racer" || failed=1
    done
    [ $failed = 0 ] && c_peer "$1" group-reset $group $one $two && same_view "$1" $group || return 1
    peer "$1" group-read $group r1 120000 200 | sort -n -k 2 | verify_lines 0 200
}

# Our group's state is compacted by C while a dead Java reader is a member, a checkpoint is known and another one is
# under way. Each Java process after that begins with what C wrote: it sees the same group, declares the reader dead, and
# reads on behind the checkpoint. Then C reads a state that Java has gone on with, and compacts again.
java_reads_a_compact() {
    local group=interop/compacted stream=interop/compacted checkpoint
    peer "$1" create $stream 3 && peer "$1" write $stream 0 300 && c_peer "$1" group-create $group $stream || return 1
    peer "$1" group-read-and-die $group dead 120000 300 >"$work/compact-dead" || return 1
    c_peer "$1" group-offline $group dead && checkpoint=$(c_peer "$1" group-checkpoint $group mark) || return 1
    peer "$1" group-read-and-die $group second 120000 300 >"$work/compact-second" || return 1
    same_view "$1" $group && cp "$work/view-java" "$work/view-before" || return 1
    build/tests/interop/compactor "$1" interop compacted && build/tests/interop/compactor "$1" interop compacted || return 1
    same_view "$1" $group && cmp "$work/view-before" "$work/view-java" || return 1
    peer "$1" group-offline $group second && count_readers "$1" $group 0 && same_view "$1" $group || return 1
    peer "$1" group-read $group heir 120000 300 >"$work/compact-heir" && verify_lines 0 300 <"$work/compact-heir" || return 1
    build/tests/interop/compactor "$1" interop compacted && same_view "$1" $group || return 1
    peer "$1" group-reset-to $group "$checkpoint" && same_view "$1" $group || return 1
    peer "$1" group-read $group again 120000 300 >"$work/compact-again" && verify_lines 0 300 <"$work/compact-again"
}
