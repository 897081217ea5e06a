# servers.sh - the servers and the Java client of the interoperability tests: resolved, started on free ports, ended by
# their pids. Sourced by run, after scripts/lib.sh, with the repository's root as the working folder.

cache=build/interop # jars and classes stay here between runs
work=""             # the folder of this run
pids=""             # what clean_up has to end
ports=""            # where the ports that were chosen are written down, if not in $work: the rows of `run` have one folder

# Debian's Java and Maven, if there are none.
need_java() {
    command -v javac >/dev/null && command -v mvn >/dev/null || install_packages openjdk-17-jdk-headless maven
}

# resolve NAME SOURCES MAVEN-ARGUMENTS...: runs Maven unless what it made last time came from the same sources.
# Jars and classes go to $cache/NAME; Maven's own cache is ~/.m2.
resolve() {
    local name=$1 sources=$2 sum
    shift 2
    sum=$(find "$sources" -type f -exec sha256sum {} + | sort | sha256sum)
    [ "$(cat "$cache/$name/resolved" 2>/dev/null)" != "$sum" ] || return 0
    say "resolving: $name (from ~/.m2 or Maven Central)"
    rm -rf "${cache:?}/$name"
    mkdir -p "$cache/$name"
    mvn -B -q -f "$sources/pom.xml" "-Dinterop.build=$PWD/$cache/$name" "$@" >"$cache/$name.log" 2>&1 ||
        { tail -n 20 "$cache/$name.log" >&2; die "Maven failed; the whole output is in $cache/$name.log"; }
    echo "$sum" >"$cache/$name/resolved"
}

# free_port: one that nothing listens on, below the range that the system hands out itself, and no other part of this run was
# given: what is to listen there has yet to start.
free_port() {
    for _ in {1..1000}; do
        free_port=$((20000 + RANDOM % 12000))
        ! grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$free_port") [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null &&
            mkdir "${ports:-$work}/port-$free_port" 2>/dev/null && return
    done
    die "no port is free, or ${ports:-$work} takes no folder"
}

# await SECONDS WHAT PID COMMAND...: repeats COMMAND until it succeeds, while PID lives.
await() {
    local deadline=$(($(date +%s) + $1)) what=$2 pid=$3
    shift 3
    until "$@" >/dev/null 2>&1; do
        kill -0 "$pid" 2>/dev/null || die "$what has ended; its output is in $work"
        [ "$(date +%s)" -lt "$deadline" ] || die "$what is not ready in time; its output is in $work"
        sleep 0.3
    done
}

answers() { # answers PORT PATH: over HTTP, with status 200
    local status
    exec 7<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&7
    read -r -t 5 _ status _ <&7
    exec 7>&-
    [ "$status" = 200 ]
}

# serves_tls PORT: something there speaks HTTP over TLS.
serves_tls() {
    printf 'GET /v1/scopes HTTP/1.0\r\nHost: localhost\r\n\r\n' |
        timeout 5 openssl s_client -quiet -connect "127.0.0.1:$1" 2>/dev/null | grep -q '^HTTP/1'
}

# What starts the real Pravega: everything in one process, its log in memory, on ports of its own. Sets standalone_command,
# pravega_segments and pravega_rest.
make_standalone_command() { # make_standalone_command LOG-NAME CONTROLLER-PORT OPTION...
    local name=$1 rpc=$2 rest
    shift 2
    free_port; rest=$free_port
    set -- "$@" -Dsinglenode.controller.rpc.port="$rpc" -Dsinglenode.controller.rest.port="$rest" \
        -Dsinglenode.controller.rest.enable=true
    free_port; set -- "$@" -Dsinglenode.zk.port="$free_port"
    free_port; pravega_segments=$free_port
    set -- "$@" -Dsinglenode.segmentStore.port="$free_port"
    free_port; set -- "$@" -Dsinglenode.admin.gateway.port="$free_port"
    free_port; set -- "$@" -Dpravegaservice.rest.listener.port="$free_port"
    set -- "$@" -Dcontroller.retention.frequency.minutes=1 -DautoScale.cooldown.time.seconds=0 \
        -DautoScale.mute.time.seconds=0 -DautoScale.cache.expiry.seconds=20 -DautoScale.cache.cleanUp.interval.seconds=5
    mkdir "$work/$name"
    : >"$work/$name/standalone.properties"
    for module in lang io util nio; do
        set -- "$@" --add-opens "java.base/java.$module=ALL-UNNAMED"
    done
    standalone_command=(java -Xmx3g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "$@"
        --add-opens java.base/sun.nio.ch=ALL-UNNAMED -Djava.io.tmpdir="$work/$name"
        -Dlogback.configurationFile="$PWD/tests/interop/standalone/logback.xml"
        -Dsinglenode.configurationFile="$work/$name/standalone.properties"
        -cp "$PWD/$cache/standalone/lib/*" io.pravega.local.LocalPravegaEmulator)
    pravega_rest=$rest
}

# Starts it. Sets pravega_rpc and pravega_pid besides.
run_standalone() { # run_standalone LOG-NAME OPTION...
    local name=$1
    shift
    free_port; pravega_rpc=$free_port
    make_standalone_command "$name" "$pravega_rpc" "$@"
    "${standalone_command[@]}" >"$work/$name.log" 2>&1 &
    pravega_pid=$! rest_port=$pravega_rest
    pids="$pids $!"
}

# Sets pravega_uri and segments_port. Its segment store leaves the other loopback addresses to a proxy, and is named
# 0.0.0.0 as always.
start_pravega() {
    run_standalone pravega -Dpravegaservice.service.listener.host.nameOrIp=127.0.0.1 \
        -Dpravegaservice.service.published.host.nameOrIp=0.0.0.0
    pravega_uri=tcp://127.0.0.1:$pravega_rpc
    segments_port=$pravega_segments
    await 300 "the Pravega standalone" "$pravega_pid" answers "$pravega_rest" /v1/scopes
}

# Certificates and users, the same for both secured servers. Sets security, their folder.
make_security() {
    security=$work/security
    [ -e "$security.options" ] ||
        tests/interop/make-security "$security" >"$security.options" || die "there are no certificates"
}

# The same with TLS and credentials asked for, whatever else the options say. Sets secured_uri and secured_rpc.
start_secured() {
    local options
    make_security
    mapfile -t options <"$security.options"
    run_standalone secured "${options[@]}" -Dpravegaservice.service.published.host.nameOrIp=localhost "$@"
    secured_rpc=$pravega_rpc
    secured_uri=tls://127.0.0.1:$secured_rpc
    await 300 "the secured Pravega standalone" "$pravega_pid" serves_tls "$pravega_rest"
}

# login USER PASSWORD: what runs from here on shows these credentials, `weir` and the Java client alike.
login() {
    export pravega_client_auth_method=Basic pravega_client_auth_token
    pravega_client_auth_token=$(printf '%s:%s' "$1" "$2" | base64 -w 0)
}

# What programs need to be let in by a server. To be called in a subshell.
enter() { # enter SERVER
    case $1 in secured | store-secured) ;; *) return 0 ;; esac
    export PRAVEGA_TRUST_STORE=$security/ca.crt
    login admin "$(cat "$security/password")"
}

# What a store does by itself, it does quickly: what is a minute to the real one's rates is a second here.
quickly=(--conf weir.retention.frequency.milliseconds=1000 --conf weir.watermarking.frequency.milliseconds=1000
    --conf weir.autoScale.minute.milliseconds=1000 --conf autoScale.cooldown.time.seconds=0
    --conf autoScale.mute.time.seconds=0 --conf autoScale.cache.expiry.seconds=5)

# Weir's own store on free ports: the URI that it prints is in NAME.ready. Sets rest_port.
run_store() { # run_store NAME OPTION...
    local name=$1
    shift
    "$weir" store --data "$work/$name" --controller-port 0 --segment-port 0 --ready-file "$work/$name.ready" \
        "${quickly[@]}" "$@" >"$work/$name.log" 2>&1 &
    pids="$pids $!"
    await 120 "the store ($name)" $! test -s "$work/$name.ready"
    rest_port=$(sed -n 's,^rest http.*:,,p' "$work/$name.ready")
}

# Sets store_uri.
start_store() {
    run_store store
    store_uri=$(head -n 1 "$work/store.ready")
}

# The same with the secured Pravega's certificates and users, and, as that one, on all addresses: a check calls it by one
# that the certificate does not name. Sets store_secured_uri.
start_store-secured() {
    make_security
    run_store store-secured --listen 0.0.0.0 --advertise localhost --tls-certificate "$security/server.crt" \
        --tls-key "$security/server.pk8" --auth-accounts "$security/users"
    store_secured_uri=$(head -n 1 "$work/store-secured.ready")
    store_secured_uri=${store_secured_uri/localhost/127.0.0.1}
}

# peer URI VERB...: the Java client. With fewer processors its pool would have a single thread, which
# ReaderGroup.initiateCheckpoint blocks on itself.
peer() {
    local lock status
    if [ -n "${served[$1]:-}" ] && is_served "$2"; then
        exec {lock}>"${served[$1]}.lock"
        if flock -n $lock; then
            served_peer "$@"
            status=$?
            exec {lock}>&-
            return $status
        fi
        exec {lock}>&-
    fi
    timeout "${peer_seconds:-300}" java "${java_peer_options[@]}" weir.interop.Peer "$@"
}

# A program that serves verbs for all of the checks (Serve.java), since it takes seconds to start one. One at a time: who
# finds it busy gets a program of its own.
declare -A served=() # by URI: its folder
start_peer() { # start_peer SERVER URI
    local folder=$work/peer-$1
    mkdir "$folder" && mkfifo "$folder/requests" "$folder/answers"
    (enter "$1" && java_peer "$2" serve <>"$folder/requests" 1<>"$folder/answers" 2>"$folder/log") &
    pids="$pids $!"
    served[$2]=$folder
}

# Verbs that read standard input, end their program, or go on until they are told to end have one of their own.
is_served() {
    case $1 in bytes-* | endure | group-read-and-die | group-share | suite | serve) return 1 ;; esac
}

served_peer() { # served_peer URI VERB...: as the program itself
    local folder=${served[$1]} number=$BASHPID.$RANDOM.$RANDOM got="" status why answers
    shift
    exec {answers}<>"$folder/answers"
    echo "$number $folder/$number $*" >>"$folder/requests"
    while [ "$got" != "$number" ]; do # answers that nobody waited for are passed over
        read -r -t 300 got status why <&$answers || { echo "peer: no answer to $*" >&2; status=1; break; }
    done
    exec {answers}>&-
    cat "$folder/$number" && rm -f "$folder/$number"
    [ -z "$why" ] || echo "$why" >&2
    return "$status"
}


# The same without a limit, for what runs beside: its pid is Java's own.
java_peer() {
    exec java "${java_peer_options[@]}" weir.interop.Peer "$@"
}
java_peer_options=(-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ActiveProcessorCount=8
    -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$cache/client/classes:$cache/client/lib/*")

# Ends what was started. The folder of a run that went well goes; the other one is for whoever looks for the reason.
clean_up() {
    local status=$? pid
    trap - EXIT INT TERM
    for pid in $pids; do
        kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    if [ "$status" = 0 ]; then
        rm -rf "$work"
    elif [ -n "$work" ]; then
        say "what the servers, the jobs and the Java client said: $work" >&2
    fi
    exit "$status"
}
