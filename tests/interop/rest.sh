# rest.sh - the management API over HTTP: the same requests to a real Pravega and to the store, with the same statuses and
# the same keys in the answers. Sourced by run.

# rest_request PORT METHOD PATH TYPE BODY: the whole answer.
rest_request() {
    exec 7<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' "$2" "$3" >&7
    if [ -n "$5" ]; then
        printf 'Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s' "$4" "${#5}" "$5" >&7
    else
        printf '\r\n' >&7
    fi
    timeout 60 cat <&7
    exec 7>&-
}

# Each line: what the answer has to be (status, then the keys of its JSON, sorted), and the request. "-" is no body.
rest_requests() {
    local fixed='"scalingPolicy":{"type":"FIXED_NUM_SEGMENTS","minSegments":1}'
    local rate='"scalingPolicy":{"type":"BY_RATE_IN_EVENTS_PER_SEC","targetRate":10,"scaleFactor":2,"minSegments":1}'
    local plain="minSegments rolloverSizeBytes scalingPolicy scopeName streamName tags timestampAggregationTimeout type"
    local rated="minSegments rolloverSizeBytes scaleFactor scalingPolicy scopeName streamName tags targetRate"
    local scaled="200 epoch keyEnd keyStart merges number segments splits start timestamp"
    local kept="days hours minSegments minutes retentionPolicy rolloverSizeBytes scalingPolicy scopeName streamName"
    cat <<REQUESTS
201 scopeName | POST /v1/scopes {"scopeName":"rest"}
409 | POST /v1/scopes {"scopeName":"rest"}
400 | POST /v1/scopes {"scopeName":"re/st"}
400 | POST /v1/scopes {"scopeName":"_rest"}
400 | POST /v1/scopes {}
400 | POST /v1/scopes {"scopeName":
200 scopeName scopes | GET /v1/scopes -
200 scopeName | GET /v1/scopes/rest -
404 | GET /v1/scopes/none -
404 | GET /v1/scopes/none/streams -
404 | GET /v1/scopes/none/readergroups -
404 | DELETE /v1/scopes/none -
200 streams | GET /v1/scopes/rest/streams -
201 $plain | POST /v1/scopes/rest/streams {"streamName":"s",$fixed}
409 | POST /v1/scopes/rest/streams {"streamName":"s",$fixed}
404 | POST /v1/scopes/none/streams {"streamName":"s",$fixed}
400 | POST /v1/scopes/rest/streams {"streamName":"s/s",$fixed}
400 | POST /v1/scopes/rest/streams {$fixed}
201 $kept tags timeBasedRetention timestampAggregationTimeout type value | POST /v1/scopes/rest/streams {"streamName":"t",$fixed,"retentionPolicy":{"type":"LIMITED_DAYS","value":1},"streamTags":["tag"]}
200 streams | GET /v1/scopes/rest/streams?filter_type=tag&filter_value=none -
200 $kept streams tags timeBasedRetention timestampAggregationTimeout type value | GET /v1/scopes/rest/streams?filter_type=tag&filter_value=tag -
200 $plain | GET /v1/scopes/rest/streams/s -
404 | GET /v1/scopes/rest/streams/none -
200 $rated timestampAggregationTimeout type | PUT /v1/scopes/rest/streams/s {$rate}
404 | PUT /v1/scopes/rest/streams/none {$fixed}
$scaled | GET /v1/scopes/rest/streams/s/scaling-events?from=0&to=9999999999999 -
$scaled | GET /v1/scopes/rest/streams/s/scaling-events?from=9999999999998&to=9999999999999 -
$scaled | GET /v1/scopes/rest/streams/s/scaling-events?from=0&to=9223372036854775807 -
200 | GET /v1/scopes/rest/streams/s/scaling-events?from=0&to=0 -
400 | GET /v1/scopes/rest/streams/s/scaling-events -
400 | GET /v1/scopes/rest/streams/s/scaling-events?from=0 -
400 | GET /v1/scopes/rest/streams/s/scaling-events?to=0 -
400 | GET /v1/scopes/rest/streams/none/scaling-events?to=0 -
400 | GET /v1/scopes/rest/streams/s/scaling-events?from=2&to=1 -
400 | GET /v1/scopes/rest/streams/s/scaling-events?from=-1&to=1 -
400 | GET /v1/scopes/rest/streams/none/scaling-events?from=2&to=1 -
404 | GET /v1/scopes/rest/streams/s/scaling-events?from=x&to=1 -
400 | GET /v1/scopes/rest/streams/s/scaling-events?from=&to=1 -
400 | GET /v1/scopes/rest/streams/s/scaling-events?from&to=1 -
400 | GET /v1/scopes/rest/streams/s/scaling-events?from=1&to= -
404 | GET /v1/scopes/rest/streams/s/scaling-events?from=0&to=9223372036854775808 -
404 | GET /v1/scopes/rest/streams/s/scaling-events?to=1.5&from=0 -
404 | GET /v1/scopes/rest/streams/s/scaling-events?to=x -
200 | GET /v1/scopes/rest/streams/s/scaling-events?from=%2B0&to=00001 -
404 | GET /v1/scopes/rest/streams/s/scaling-events?from=+0&to=1 -
404 | GET /v1/scopes/rest/streams/none/scaling-events?from=0&to=1 -
404 | GET /v1/scopes/none/streams/s/scaling-events?from=0&to=1 -
412 | DELETE /v1/scopes/rest/streams/s -
412 | DELETE /v1/scopes/rest -
400 | PUT /v1/scopes/rest/streams/s/state {"streamState":"OPEN"}
404 | PUT /v1/scopes/rest/streams/none/state {"streamState":"SEALED"}
200 streamState | PUT /v1/scopes/rest/streams/s/state {"streamState":"SEALED"}
200 streamState | PUT /v1/scopes/rest/streams/t/state {"streamState":"SEALED"}
500 | PUT /v1/scopes/rest/streams/s {$fixed}
204 | DELETE /v1/scopes/rest/streams/s -
404 | DELETE /v1/scopes/rest/streams/s -
204 | DELETE /v1/scopes/rest/streams/t -
404 | GET /v1/scopes/rest/readergroups/none -
404 | DELETE /v1/scopes/rest/readergroups/none -
200 | GET /v1/health/readiness -
200 | GET /v1/health/liveness -
200 | GET /v1/health/status -
200 | GET /v1/health/details -
404 | GET /v1/health/nothing -
405 | DELETE /v1/scopes -
404 | GET /v1/nothing -
200 | GET /ping -
204 | DELETE /v1/scopes/rest -
404 | DELETE /v1/scopes/rest -
REQUESTS
}

# Status and keys of an answer on standard input, in one line.
rest_outcome() {
    local status keys
    read -r _ status _
    keys=$(grep -o '"[A-Za-z]*":' | tr -d '":' | sort -u | tr '\n' ' ')
    echo "$status ${keys% }" | sed 's/ $//'
}

# The HTTP port of the server at URI.
rest_port_of() {
    local server
    for server in "${!uris[@]}"; do
        [ "${uris[$server]}" != "$1" ] || echo "${rests[$server]}"
    done
}

rest_answers() { # rest_answers URI
    rest_answers_at "$(rest_port_of "$1")"
}

rest_answers_at() { # rest_answers_at PORT
    local port=$1 wanted request method path body got failed=0
    while IFS='|' read -r wanted request; do
        read -r method path body <<<"$request"
        [ "$body" != - ] || body=""
        got=$(rest_request "$port" "$method" "$path" application/json "$body" | rest_outcome)
        if [ "$got" != "${wanted% }" ]; then
            echo "$method $path $body: \"$got\", not \"${wanted% }\""
            failed=1
        fi
    done < <(rest_requests)
    got=$(rest_request "$port" POST /v1/scopes text/plain '{"scopeName":"rest"}' | rest_outcome)
    [ "$got" = 415 ] || { echo "a body that is not JSON: \"$got\", not \"415\""; failed=1; }
    return $failed
}

# rest_json PORT PATH: the body of the answer, as one line.
rest_json() {
    rest_request "$1" GET "$2" "" "" | tr -d '\r\n' | grep -o '[[{]["{].*[]}]'
}

# The answer with its times as t0, t1, ... in their order.
rest_times_named() {
    local json time number=0
    json=$(cat)
    for time in $(grep -o '[0-9]\{13\}' <<<"$json" | sort -u); do
        json=${json//$time/t$((number++))}
    done
    echo "$json"
}

rest_segment() { # rest_segment NUMBER EPOCH START KEY-START KEY-END
    echo "{\"number\":$1,\"epoch\":$2,\"start\":$3,\"keyStart\":$4,\"keyEnd\":$5}"
}

rest_event() { # rest_event TIMESTAMP SEGMENTS SPLITS MERGES
    echo "{\"timestamp\":$1,\"segments\":[$2],\"splits\":$3,\"merges\":$4}"
}

# A stream that is split and merged: each event with what led to it, and the one before the interval, for what it had.
rest_tells_scaling() { # rest_tells_scaling URI
    local uri=$1 port stream=interop/rest-scaled path all whole halves one merged
    port=$(rest_port_of "$uri")
    path=/v1/scopes/interop/streams/rest-scaled/scaling-events
    whole=$(rest_segment 0 0 t0 0.0 1.0)
    halves=$(rest_segment 1 1 t1 0.0 0.5),$(rest_segment 2 1 t1 0.5 1.0)
    one=$(rest_segment 3 2 t2 0.0 1.0)
    peer "$uri" create $stream 1 && c_peer "$uri" stream-scale $stream 2 && c_peer "$uri" stream-scale $stream 1 || return 1
    all=$(rest_json "$port" "$path?from=0&to=9999999999999")
    is "[$(rest_event t0 "$whole" 0 0),$(rest_event t1 "$halves" 1 0),$(rest_event t2 "$one" 0 1)]" \
        rest_times_named <<<"$all" || return 1
    merged=$(grep -o '"timestamp":[0-9]*' <<<"$all" | tail -n 1 | tr -cd 0-9)
    one=$(rest_segment 3 2 t0 0.0 1.0)
    is "[$(rest_event t0 "$one" 0 0)]" rest_events_between "$port" "$path" "$merged" "$merged" || return 1
    is "[$(rest_event t0 "$one" 0 0)]" rest_events_between "$port" "$path" $((merged + 1)) 9999999999999 || return 1
    is "[$(rest_event t0 "$whole" 0 0),$(rest_event t1 "$halves" 1 0)]" \
        rest_events_between "$port" "$path" 0 $((merged - 1)) || return 1
    halves=${halves//t1/t0} one=${one//t0/t1}
    is "[$(rest_event t0 "$halves" 0 0),$(rest_event t1 "$one" 0 1)]" \
        rest_events_between "$port" "$path" $((merged - 1)) "$merged"
}

rest_events_between() { # rest_events_between PORT PATH FROM TO
    rest_json "$1" "$2?from=$3&to=$4" | rest_times_named
}

# Of a group with a Java reader, which joins and leaves.
rest_tells_readers() ( # rest_tells_readers URI
    uri=$1 stream=interop/rest-read path=/v1/scopes/interop/readergroups/rest-read reader=""
    trap 'kill -9 $reader 2>/dev/null' EXIT
    port=$(rest_port_of "$uri")
    head='{"scopeName":"interop","readerGroupName":"rest-read","streamList":["interop/rest-read"],"onlineReaderIds":'
    peer "$uri" create $stream 2 && c_peer "$uri" group-create $stream $stream || exit 1
    is "$head[]}" rest_json "$port" $path || exit 1
    start_java_reader "$uri" $stream rest-r1 && reader=$!
    is "$head[\"rest-r1\"]}" rest_json "$port" $path || exit 1
    end_readers $reader && reader="" && is "$head[]}" rest_json "$port" $path
)
