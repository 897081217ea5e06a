# kills.sh - a store of its own is killed again and again while Java's writers go on. Sourced by run.

# Starts the store of this check. Sets killed_pid.
start_killed() { # start_killed RPC-PORT SEGMENT-PORT
    rm -f "$work/killed.ready"
    "$weir" store --data "$work/killed" --controller-port "$1" --segment-port "$2" --ready-file "$work/killed.ready" \
        --log warn >>"$work/killed.log" 2>&1 8>&- & # what ends the writers must end with this shell
    killed_pid=$!
    await 120 "the store that is killed" $killed_pid test -s "$work/killed.ready"
}

# How many events the writers have said to be acknowledged.
acknowledged() {
    tail -n 1 "$work/endure.out" | awk '/^acknowledged/ { print $2 }'
}

# Waits until the writers' acknowledgements go beyond COUNT.
await_acknowledged() { # await_acknowledged COUNT WRITER-PID
    local deadline=$(($(date +%s) + 240)) now
    until now=$(acknowledged) && [ "${now:-0}" -gt "$1" ]; do
        kill -0 "$2" 2>/dev/null || { echo "the writers have ended: $(tail -n 3 "$work/endure.log")"; return 1; }
        [ "$(date +%s)" -lt "$deadline" ] || { echo "the writers stand at ${now:-none} since a kill"; return 1; }
        sleep 0.05
    done
}

# Each round: events are acknowledged, and somewhat later the store is killed, its folder is looked over, and it starts
# again on the same ports. In the end what was written is there, each event once, those of a key in order.
killed_under_writers() (
    local rounds=${INTEROP_ROUNDS:-5} rpc segments uri round before writers count
    free_port; rpc=$free_port
    free_port; segments=$free_port
    uri=tcp://127.0.0.1:$rpc
    trap 'kill -9 ${killed_pid:-} ${writers:-} 2>/dev/null' EXIT
    start_killed "$rpc" "$segments"
    peer "$uri" create kills/events 4 || exit 1
    mkfifo "$work/endure.in"
    (java_peer "$uri" endure kills/events <"$work/endure.in" >"$work/endure.out" 2>"$work/endure.log") &
    writers=$!
    exec 8>"$work/endure.in"
    await_acknowledged 0 $writers || exit 1
    for ((round = 1; round <= rounds; round++)); do
        before=$(acknowledged)
        await_acknowledged "$before" $writers || exit 1
        sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
        kill -9 "$killed_pid"
        wait "$killed_pid" 2>/dev/null
        "$weir" store check "$work/killed" >"$work/killed.check" 2>&1 || { cat "$work/killed.check"; exit 1; }
        start_killed "$rpc" "$segments"
    done
    before=$(acknowledged)
    await_acknowledged "$before" $writers || exit 1
    exec 8>&-
    wait "$writers" || { echo "the writers failed: $(tail -n 3 "$work/endure.log")"; exit 1; }
    count=$(awk '/^wrote/ { print $2 }' "$work/endure.out")
    echo "$rounds kills, $count events"
    peer "$uri" verify kills/events 0 "$count"
)
