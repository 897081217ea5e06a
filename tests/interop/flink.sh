# flink.sh - a job of the real Flink with the upstream connector. Sourced by run, after servers.sh.

flink_options=(-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ActiveProcessorCount=8
    -Dpravega.client.internal.threadpool.size=16 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)
for package in lang lang.reflect util util.concurrent util.concurrent.atomic math io net nio text time; do
    flink_options+=(--add-opens "java.base/java.$package=ALL-UNNAMED") # for Flink 1.11 on Java 17
done

# Starts the job that copies so many numbered events, and waits until a checkpoint has the first half. Sets job.
start_flink() { # start_flink URI INPUT OUTPUT COUNT FOLDER [steady]
    mkdir -p "$5"
    timeout 600 java "${flink_options[@]}" -cp "$cache/flink/classes:$cache/flink/lib/*" weir.flink.Copy "$1" "$2" "$3" "$4" \
        "file://$5/checkpoints" ${6:-} >"$5/out" 2>"$5/log" &
    job=$!
    await 300 "Flink" $job grep -q half "$5/out"
}

# ends_copied URI OUTPUT COUNT: the job ends well, and the events are there: each once, those of a key in order. The last
# transaction may take a moment after its commit.
ends_copied() {
    local tries
    wait "$job" || { echo "Flink ended with $?"; return 1; }
    for ((tries = 0; tries < 240; tries++)); do
        [ "$("$weir" stream read "$2" --controller "$1" | wc -l)" -lt "$3" ] || break
        sleep 0.5
    done
    peer "$1" verify "$2" 0 "$3"
}

# The job throws in the midst of the second half and goes on from its last checkpoint.
flink_fails() { # flink_fails URI
    local job folder
    folder=$(mktemp -d "$work/flink-XXXX")
    peer "$1" create interop/flink-in 3 && peer "$1" create interop/flink-out 2 &&
        peer "$1" write interop/flink-in 0 1000 || return 1
    (
        trap 'kill $job 2>/dev/null' EXIT
        start_flink "$1" interop/flink-in interop/flink-out 2000 "$folder"
        peer "$1" write interop/flink-in 1000 2000 && ends_copied "$1" interop/flink-out 2000
    )
}

# The store is killed twice under the job, and comes back on its ports with what it acknowledged.
flink_store_killed() {
    local job store uri folder
    folder=$(mktemp -d "$work/flink-XXXX")
    free_port; local rpc=$free_port
    free_port; local segments=$free_port
    uri=tcp://127.0.0.1:$rpc
    (
        trap 'kill $job 2>/dev/null; kill -9 $store 2>/dev/null' EXIT
        run_flink_store
        peer "$uri" create flink/in 3 && peer "$uri" create flink/out 2 && peer "$uri" write flink/in 0 1000 || exit 1
        start_flink "$uri" flink/in flink/out 2000 "$folder" steady
        for from in 1000 1500; do
            kill -9 "$store"
            wait "$store" 2>/dev/null
            run_flink_store
            peer "$uri" write flink/in $from $((from + 500)) || exit 1
        done
        ends_copied "$uri" flink/out 2000
    )
}

run_flink_store() { # with the variables of flink_store_killed; sets store
    rm -f "$folder/ready"
    "$weir" store --data "$folder/store" --controller-port "$rpc" --segment-port "$segments" \
        --ready-file "$folder/ready" >>"$folder/store.log" 2>&1 &
    store=$!
    await 120 "the store" $store test -s "$folder/ready"
}
