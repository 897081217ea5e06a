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
