# exchange.sh - each thing that a client can do, done by one of Java and C and found by the other. Sourced by run.
#
# A check gets who does it, who finds it (`peer`, `c_peer`), and the server's URI. Both programs have the same verbs and
# print the same of the same thing: peer_streams.c and StreamPeer.java, and so on.

# of MAKER: a word for names.
of() {
    echo "${1/_/-}"
}

# same URI VERB...: both print the same, and something. It is left in $work/same-c.
same() {
    local uri=$1
    shift
    peer "$uri" "$@" >"$work/same-java" && c_peer "$uri" "$@" >"$work/same-c" || return 1
    [ -s "$work/same-c" ] || { echo "$1: there is nothing"; return 1; }
    diff "$work/same-java" "$work/same-c" >"$work/same-diff" && return
    echo "$1: Java and C see different things: $(tr '\n' ';' <"$work/same-diff")"
    return 1
}

# is EXPECTED WHAT...: the command prints it.
is() {
    local expected=$1 found
    shift
    found=$("$@")
    [ "$found" = "$expected" ] && return
    echo "\"$found\", not \"$expected\": $*"
    return 1
}

# offsets PROGRAM URI STREAM head|tail: "0=100 1=90". A cut's text is no measure: Java's order in it is any.
offsets() {
    "$1" "$2" stream-show "$3" | sed -n "s/^$4 //p"
}

# C reads a stream as of now: exactly these events.
c_verify() { # c_verify URI STREAM FROM TO
    c_peer "$1" stream-read "$2" - "$(c_peer "$1" stream-cut "$2" tail text)" >"$work/c-verify" &&
        verify_lines "$3" "$4" <"$work/c-verify"
}

# beside PROGRAM URI VERB...: what goes on while other verbs run.
beside() {
    if [ "$1" = peer ]; then
        shift
        set -- java_peer "$@"
    fi
    "$@"
}

# --- streams --------------------------------------------------------------------------------------------------------------

configurations="scale=fixed:3 aggregate=0 rollover=0
scale=events:100:2:3 keep=time:3600000 tag=a tag=b aggregate=0 rollover=0
scale=events:7:3:1 keep=time:3600000:7200000 aggregate=20000 rollover=0
scale=kbytes:1000:4:2 keep=size:1000000 tag=only aggregate=0 rollover=2097152
scale=kbytes:2:2:1 keep=size:1000:5000000000 aggregate=1 rollover=10000000"

# What one makes the other describes, and changes, which the first one sees.
configured_by() { # configured_by MAKER OTHER URI
    local maker=$1 other=$2 uri=$3 words stream number=0
    while read -r words; do
        stream=interop/configured-$(of "$maker")-$((number++))
        # shellcheck disable=SC2086 # words
        "$maker" "$uri" stream-create $stream $words && same "$uri" stream-show $stream || return 1
        is "$words" head -n 1 "$work/same-c" || return 1
        words="${words%% *} keep=time:1000:2000 tag=new aggregate=3 rollover=4000000"
        # shellcheck disable=SC2086
        "$other" "$uri" stream-update $stream $words && same "$uri" stream-show $stream || return 1
        is "$words" head -n 1 "$work/same-c" || return 1
    done <<<"$configurations"
    "$maker" "$uri" stream-seal $stream && same "$uri" stream-show $stream && grep -q 'sealed$' "$work/same-c"
}

# Each scales what the other one made of it.
scaled_by_turns() {
    local uri=$1 stream=interop/scaled count=1 scaler
    peer "$uri" create $stream 1 || return 1
    for scaler in c_peer peer c_peer peer; do
        count=$((count == 5 ? 1 : count + 2))
        key_lines 0 100 | "$weir" stream write $stream --key-field 1 --controller "$uri" &&
            "$scaler" "$uri" stream-scale $stream $count && same "$uri" stream-segments $stream || return 1
        is $count grep -c . "$work/same-c" && same "$uri" stream-show $stream || return 1
    done
}

# A scope with the streams of both, some with a tag; internal ones are beside them.
listed_by_both() {
    local uri=$1 number maker expected=""
    for number in $(seq 10 49); do
        if [ $((number % 2)) = 0 ]; then maker=peer; else maker=c_peer; fi
        "$maker" "$uri" stream-create listed/s$number $([ $((number % 3)) != 0 ] || echo tag=three) || return 1
        expected="$expected${expected:+$'\n'}s$number"
    done
    same "$uri" stream-list listed && is "$expected" cat "$work/same-c" || return 1
    same "$uri" stream-list listed three && is 13 grep -c . "$work/same-c"
}

# One takes cuts in both forms, the other reads between them, in a batch too; across a scale.
cuts_handed_over() { # cuts_handed_over TAKER READER URI
    local taker=$1 reader=$2 uri=$3 stream one two
    stream=interop/cuts-$(of "$taker")
    peer "$uri" create "$stream" 2 && peer "$uri" write "$stream" 0 100 &&
        one=$("$taker" "$uri" stream-cut "$stream" tail text) && peer "$uri" write "$stream" 100 200 &&
        c_peer "$uri" stream-scale "$stream" 3 && peer "$uri" write "$stream" 200 300 &&
        two=$("$taker" "$uri" stream-cut "$stream" tail bytes) && peer "$uri" write "$stream" 300 400 || return 1
    "$reader" "$uri" stream-read "$stream" "$one" "$two" >"$work/between" && verify_lines 100 300 <"$work/between" ||
        return 1
    c_peer "$uri" stream-batch "$stream" "$one" "$two" >"$work/between" && sort -n -k 2 "$work/between" |
        verify_lines 100 300 || return 1
    for cuts in "$one $two" "- $one" "$two -" "- -"; do
        # shellcheck disable=SC2086
        same "$uri" stream-ranges "$stream" $cuts || return 1
    done
    is 400 awk '{ count += $3 } END { print count }' "$work/same-c"
}

# One truncates at the other one's cut, and both find the new head.
truncated_by() { # truncated_by TRUNCATER OTHER URI
    local truncater=$1 other=$2 uri=$3 stream cut place
    stream=interop/truncated-$(of "$truncater")
    peer "$uri" create "$stream" 3 && peer "$uri" write "$stream" 0 200 &&
        cut=$("$other" "$uri" stream-cut "$stream" tail text) && place=$(offsets c_peer "$uri" "$stream" tail) &&
        peer "$uri" write "$stream" 200 300 && "$truncater" "$uri" stream-truncate "$stream" "$cut" || return 1
    same "$uri" stream-show "$stream" && is "$place" offsets "$other" "$uri" "$stream" head &&
        peer "$uri" verify "$stream" 200 300 && c_verify "$uri" "$stream" 200 300
}

# --- events ---------------------------------------------------------------------------------------------------------------

# Events of 0 bytes to 20 MiB and a batch.
sizes_by() { # sizes_by WRITER READER URI
    local stream
    stream=interop/sizes-$(of "$1")
    peer "$3" create "$stream" 1 && "$1" "$3" events-mix "$stream" 7 >"$work/sizes-written" &&
        "$2" "$3" events-digest "$stream" 46 >"$work/sizes-read" || return 1
    is 46 grep -c . "$work/sizes-read" && cmp "$work/sizes-written" "$work/sizes-read"
}

# Pointers from one lead the other to the same events, and to none once they are gone.
pointers_from() { # pointers_from READER FETCHER URI
    local reader=$1 fetcher=$2 uri=$3 stream pointers
    stream=interop/pointers-$(of "$reader")
    peer "$uri" create "$stream" 3 && peer "$uri" write "$stream" 0 30 &&
        "$reader" "$uri" events-pointers "$stream" 30 >"$work/pointers" && cut -d ' ' -f 2- "$work/pointers" |
        sort -n -k 2 | verify_lines 0 30 || return 1
    pointers=$(cut -d ' ' -f 1 "$work/pointers")
    # shellcheck disable=SC2086
    "$fetcher" "$uri" events-fetch "$stream" $pointers >"$work/fetched" && cmp "$work/pointers" "$work/fetched" || return 1
    c_peer "$uri" stream-truncate "$stream" "$(peer "$uri" stream-cut "$stream" tail text)" || return 1
    ! "$fetcher" "$uri" events-fetch "$stream" "${pointers%%$'\n'*}" >"$work/gone" || { echo "it fetched what is gone"; return 1; }
}

# A reader dies at a position, and the other program hands that to another reader.
position_from() { # position_from READER OTHER URI
    local reader=$1 other=$2 uri=$3 stream position
    stream=interop/position-$(of "$reader")
    peer "$uri" create "$stream" 2 && peer "$uri" write "$stream" 0 300 &&
        "$other" "$uri" group-create "$stream-group" "$stream" &&
        "$reader" "$uri" group-take "$stream-group" dies 120 >"$work/taken" || return 1
    position=$(sed -n 's/^position //p' "$work/taken")
    "$other" "$uri" group-offline "$stream-group" dies "$position" &&
        "$other" "$uri" group-read "$stream-group" heir 120000 180 >"$work/left" || return 1
    sed '/^position/d' "$work/taken" | cat - "$work/left" | verify_lines 0 300
}

# --- times: the controller makes watermarks every ten seconds, so other checks run in between ------------------------------

times_begin() {
    peer "$1" create interop/times-peer 2 && peer "$1" create interop/times-c-peer 2 &&
        peer "$1" events-note interop/times-peer 0 100 1000 && c_peer "$1" events-note interop/times-c-peer 0 100 1000
}

times_go_on() {
    c_peer "$1" events-window interop/times-peer 100 1000 - && c_peer "$1" events-window interop/times-c-peer 100 1000 - &&
        peer "$1" events-note interop/times-peer 100 200 2000 && c_peer "$1" events-note interop/times-c-peer 100 200 2000
}

times_from() { # times_from NOTER READER URI
    local stream pid
    stream=interop/times-$(of "$1")
    beside "$2" "$3" events-window "$stream" 110 1000 2000 & pid=$!
    "$2" "$3" events-window "$stream" 200 2000 - && wait $pid
}

# --- scaling: the real server looks at rates over two minutes, so it has all other checks for it ---------------------------

# Writes so many numbered events in half a second, until there is $work/enough-STREAM, or until the run is over. How many they
# were is left in $work/grown-STREAM.
grow() { # grow URI STREAM COUNT
    local name=${2##*/} n=0
    while kill -0 $$ 2>/dev/null && [ ! -e "$work/enough-$name" ]; do
        key_lines $n $((n + $3))
        n=$((n + $3))
        echo $n >"$work/growing-$name"
        sleep 0.5
    done | "$weir" stream write "$2" --key-field 1 --controller "$1" && mv "$work/growing-$name" "$work/grown-$name"
}

# Two streams get more than they want: 20 events a second for one, 14 KiB for one. A third one gets nothing.
scaling_begins() { # scaling_begins URI
    peer "$1" stream-create interop/grows-events scale=events:1:3:1 &&
        peer "$1" stream-create interop/grows-kbytes scale=kbytes:1:2:1 &&
        peer "$1" stream-create interop/silent scale=events:1000:2:1 && c_peer "$1" stream-scale interop/silent 3 || return 1
    grow "$1" interop/grows-events 10 &
    grow "$1" interop/grows-kbytes 500 &
}

# The epoch in which the newest of its segments began: their ids have it in front.
newest_epoch() { # newest_epoch URI STREAM
    c_peer "$1" stream-segments "$2" | awk '{ epoch = int($1 / 2 ^ 32); if (epoch > newest) newest = epoch } END { print newest + 0 }'
}

# Its first scale is looked at, not what it has now: the real server takes for silent what has not been reported to its
# scaler for as long as a segment may be silent here, and it reports every two minutes, so that it merges the parts again
# some 20 s after it has made them, however fast they grow.
splits_by() { # splits_by events|kbytes PARTS URI
    local name=grows-$1 parts=$2 uri=$3 tries
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(newest_epoch "$uri" "interop/$name")" = 0 ] || break
        sleep 1
    done
    touch "$work/enough-$name"
    [ $tries -lt 600 ] || { echo "it was never split"; return 1; }
    peer "$uri" stream-segments "interop/$name" 1 | cut -d ' ' -f 2- >"$work/parts-$name"
    awk -v n="$parts" 'BEGIN { for (i = 0; i < n; i++) printf "%.6f %.6f\n", i / n, (i + 1) / n }' |
        diff - "$work/parts-$name" || return 1
    await 240 "the writer of $name" $$ test -e "$work/grown-$name"
    peer "$uri" verify "interop/$name" 0 "$(cat "$work/grown-$name")"
}

# Until it is one segment again, after which nothing is lost of what was there.
merges() { # merges STREAM COUNT-FILE URI
    local stream=$1 count=0 uri=$3 tries
    [ ! -e "$2" ] || count=$(cat "$2")
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(c_peer "$uri" stream-segments "$stream" | wc -l)" != 1 ] || break
        sleep 1
    done
    same "$uri" stream-segments "$stream" && is "0.000000 1.000000" cut -d ' ' -f 2- "$work/same-java" &&
        peer "$uri" verify "$stream" 0 "$count" && c_verify "$uri" "$stream" 0 "$count"
}

# --- transactions ---------------------------------------------------------------------------------------------------------

# Begun by one, written to by both, ended by the other one; across a scale; what became of them is the same to both.
transactions_handed_over() { # transactions_handed_over BEGINNER ENDER URI
    local beginner=$1 ender=$2 uri=$3 stream kept dropped late
    stream=interop/handed-over-$(of "$beginner")
    peer "$uri" create "$stream" 2 &&
        kept=$("$beginner" "$uri" txn-begin "$stream" 120000) && dropped=$("$beginner" "$uri" txn-begin "$stream" 120000) &&
        "$beginner" "$uri" txn-write "$stream" "$kept" 0 100 && "$ender" "$uri" txn-write "$stream" "$kept" 100 200 &&
        "$beginner" "$uri" txn-write "$stream" "$dropped" 200 300 && same "$uri" txn-status "$stream" "$kept" &&
        is OPEN cat "$work/same-c" && peer "$uri" verify "$stream" 0 0 || return 1
    "$ender" "$uri" txn-commit "$stream" "$kept" && "$ender" "$uri" txn-abort "$stream" "$dropped" &&
        late=$("$beginner" "$uri" txn-begin "$stream" 120000) && "$beginner" "$uri" txn-write "$stream" "$late" 200 250 &&
        "$ender" "$uri" stream-scale "$stream" 3 && "$beginner" "$uri" txn-write "$stream" "$late" 250 300 &&
        "$ender" "$uri" txn-commit "$stream" "$late" || return 1
    same "$uri" txn-status "$stream" "$kept" && is COMMITTED cat "$work/same-c" &&
        same "$uri" txn-status "$stream" "$dropped" && is ABORTED cat "$work/same-c" &&
        ! "$beginner" "$uri" txn-write "$stream" "$dropped" 0 1 >"$work/ended" 2>&1 || return 1
    peer "$uri" verify "$stream" 0 300 && c_verify "$uri" "$stream" 0 300
}

# Those that a program pings outlive their lease, and the other program commits them; the one that nobody pings does not.
# Other checks run meanwhile: the leases are long, so that a ping on a busy machine is in time.
pinged_begin() { # pinged_begin URI
    local stream=interop/pinged holder
    peer "$1" create $stream 2 && peer "$1" txn-begin $stream 20000 >"$work/pinged-java" &&
        c_peer "$1" txn-begin $stream 10000 >"$work/pinged-alone" || return 1
    build/tests/interop/peer "$1" txn-hold $stream 20000 1200000 >"$work/pinged-c" 2>"$work/pinged-c.err" &
    holder=$!
    (while kill -0 $$ && kill -0 $holder; do sleep 1; done; kill $holder) 2>/dev/null & # ends with the run
    echo $holder >"$work/pinged-holder"
    await 120 "the holder of a transaction" $holder test -s "$work/pinged-c" && date +%s >"$work/pinged-since"
}

is_status() { # is_status STATUS URI STREAM ID
    [ "$(c_peer "$2" txn-status "$3" "$4")" = "$1" ]
}

# Java pings whatever it is asked for the state of, so that C asks.
transactions_pinged() {
    local uri=$1 stream=interop/pinged by_java by_c alone status
    by_java=$(cat "$work/pinged-java") && by_c=$(cat "$work/pinged-c") && alone=$(cat "$work/pinged-alone") || return 1
    until [ $(($(date +%s) - $(cat "$work/pinged-since"))) -gt 25 ]; do sleep 1; done
    await 120 "the end of what nobody pings" $$ is_status ABORTED "$uri" $stream "$alone"
    peer "$uri" txn-write $stream "$by_c" 0 100 && peer "$uri" txn-commit $stream "$by_c" &&
        c_peer "$uri" txn-write $stream "$by_java" 100 200 && c_peer "$uri" txn-commit $stream "$by_java" &&
        is ABORTED peer "$uri" txn-status $stream "$alone" && peer "$uri" verify $stream 0 200
    status=$?
    kill "$(cat "$work/pinged-holder")" 2>/dev/null
    return $status
}

# --- revisioned streams -----------------------------------------------------------------------------------------------------

# Entries, conditions, marks and truncations of one hold for the other.
log_shared() { # log_shared ONE OTHER URI
    local one=$1 other=$2 uri=$3 log bounds latest revision
    log=interop/log-$(of "$one")
    peer "$uri" create "$log" 1 && "$one" "$uri" log-append "$log" first && "$other" "$uri" log-append "$log" second &&
        same "$uri" log-read "$log" - && is "first second" awk '{ words = words s $2; s = " " } END { print words }' "$work/same-c" &&
        same "$uri" log-bounds "$log" && bounds=$(cat "$work/same-c") || return 1
    latest=${bounds#* }
    revision=$("$one" "$uri" log-append "$log" "$latest" third) && [ "$revision" != conflict ] &&
        is conflict "$other" "$uri" log-append "$log" "$latest" fourth &&
        is "$revision third" "$other" "$uri" log-read "$log" "$latest" || return 1
    "$other" "$uri" log-append "$log" "$revision" fourth >"$work/fourth" && ! grep conflict "$work/fourth" || return 1
    is - "$one" "$uri" log-mark "$log" && is set "$one" "$uri" log-mark "$log" - "$revision" &&
        is "$revision" "$other" "$uri" log-mark "$log" && is conflict "$other" "$uri" log-mark "$log" - "$latest" &&
        is set "$other" "$uri" log-mark "$log" "$revision" "$latest" && is "$latest" "$one" "$uri" log-mark "$log" || return 1
    "$one" "$uri" log-truncate "$log" "$revision" && same "$uri" log-bounds "$log" &&
        is "$revision $(cat "$work/fourth")" cat "$work/same-c" &&
        is "$(cat "$work/fourth") fourth" "$other" "$uri" log-read "$log" - &&
        ! "$other" "$uri" log-read "$log" "$latest" >"$work/gone"
}

# --- retention: the controller looks at it once a minute, so other checks run in between ------------------------------------

# Where the head of a stream has to come.
awaited_head() { # awaited_head STREAM URI
    echo "$work/head-${2##*:}-${1##*/}"
}

# A group of one holds retention back up to the cut that the other one gives; it goes forward only.
released_by() { # released_by RELEASER MAKER URI
    local releaser=$1 maker=$2 uri=$3 stream back cut place
    stream=interop/released-$(of "$releaser")
    "$maker" "$uri" stream-create "$stream" scale=fixed:2 keep=size:1:1000000000000 &&
        "$maker" "$uri" group-subscribe "$stream-group" manual "$stream" && peer "$uri" write "$stream" 0 100 &&
        back=$(c_peer "$uri" stream-cut "$stream" head text) &&
        cut=$("$releaser" "$uri" stream-cut "$stream" tail text) && place=$(offsets c_peer "$uri" "$stream" tail) && peer "$uri" write "$stream" 100 200 || return 1
    is "$stream-group" peer "$uri" stream-subscribers "$stream" && "$releaser" "$uri" group-release "$stream-group" "$cut" &&
        echo "$place" >"$(awaited_head "$stream" "$uri")" || return 1
    ! c_peer "$uri" group-release "$stream-group" "$back" 2>"$work/back" ||
        { echo "a release went back"; return 1; }
}

# has_lines COUNT FILE
has_lines() {
    [ "$(wc -l <"$2")" -ge "$1" ]
}

# A group releases what is before its last checkpoint: a reader of one meets the checkpoint of the other.
released_at_checkpoint() { # released_at_checkpoint READER MAKER URI
    local reader=$1 maker=$2 uri=$3 stream pid
    stream=interop/checkpointed-$(of "$reader")
    rm -f "$work/kept" # of the check before
    "$maker" "$uri" stream-create "$stream" scale=fixed:2 keep=size:1:1000000000000 &&
        "$maker" "$uri" group-subscribe "$stream-group" automatic "$stream" && peer "$uri" write "$stream" 0 100 || return 1
    beside "$reader" "$uri" group-read "$stream-group" r 120000 200 >"$work/kept" & pid=$!
    await 120 "what was written" $pid has_lines 100 "$work/kept"
    offsets c_peer "$uri" "$stream" tail >"$(awaited_head "$stream" "$uri")" &&
        "$maker" "$uri" group-checkpoint "$stream-group" mark >"$work/mark" && peer "$uri" write "$stream" 100 200 || return 1
    wait $pid && grep -v '^checkpoint' "$work/kept" | sort -n -k 2 | verify_lines 0 200
}

# Three streams that nobody subscribes to: of the first one all may go, of the second one all but a byte, of the third none.
kept_begin() { # kept_begin URI
    peer "$1" stream-create interop/kept-time scale=fixed:1 keep=time:1 &&
        c_peer "$1" stream-create interop/kept-size scale=fixed:1 keep=size:1 &&
        peer "$1" stream-create interop/kept-whole scale=fixed:1 keep=size:1000000 &&
        peer "$1" write interop/kept-time 0 100 && peer "$1" write interop/kept-whole 0 100 || return 1
    grow "$1" interop/kept-size 5 &
}

# await_head URI STREAM =|!= PLACE: until the head is there, or no longer there.
await_head() {
    local tries head
    for ((tries = 0; tries < 600; tries++)); do
        head=$(offsets c_peer "$1" "$2" head)
        [ ! "$head" "$3" "$4" ] || return 0
        sleep 1
    done
    echo "the head of $2 is at $head"
    return 1
}

# keeps_last COUNT PROGRAM...: what is read are the last ones of so many events.
keeps_last() {
    local first
    "${@:2}" >"$work/kept-size" || return 1
    first=$(head -n 1 "$work/kept-size" | cut -d ' ' -f 2)
    [ "${first:-0}" -gt 0 ] || { echo "it begins with event ${first:-none}"; return 1; }
    verify_lines "$first" "$1" <"$work/kept-size"
}

# What is left of the second stream are its last events, and they may become fewer once more while they are read.
kept_ends() { # kept_ends URI
    local count tries reader
    await_head "$1" interop/kept-time = "$(offsets c_peer "$1" interop/kept-time tail)" &&
        peer "$1" verify interop/kept-time 0 0 && await_head "$1" interop/kept-size != 0=0 || return 1
    touch "$work/enough-kept-size"
    await 240 "the writer of kept-size" $$ test -e "$work/grown-kept-size"
    count=$(cat "$work/grown-kept-size")
    for reader in "peer $1 read interop/kept-size" "$weir stream read interop/kept-size --controller $1"; do
        for tries in 1 2 3 4 5; do
            # shellcheck disable=SC2086 # words
            ! keeps_last "$count" $reader || break
            [ $tries -lt 5 ] || return 1
            sleep 1
        done
    done
    is 0=0 offsets peer "$1" interop/kept-whole head && peer "$1" verify interop/kept-whole 0 100
}

# What was released goes, and no more.
retention_follows() { # retention_follows URI
    local stream place tries
    for stream in interop/released-peer interop/released-c-peer interop/checkpointed-peer interop/checkpointed-c-peer; do
        place=$(cat "$(awaited_head $stream "$1")") || return 1
        for ((tries = 0; tries < 600; tries++)); do
            [ "$(offsets c_peer "$1" $stream head)" != "$place" ] || break
            sleep 1
        done
        same "$1" stream-show $stream && is "$place" offsets peer "$1" $stream head &&
            peer "$1" verify $stream 100 200 || return 1
    done
}
