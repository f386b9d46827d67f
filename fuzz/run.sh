#!/usr/bin/env bash
# Runs each target for SECONDS, one after the other: run.sh [SECONDS [TARGET...]]
# Exits with an error if a target crashed. The input of the crash is then in artifacts/.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true

if cargo +nightly --version >/dev/null 2>&1; then
    fuzz=(cargo +nightly fuzz)
else
    # The sanitizer needs flags of nightly compilers. This makes a stable compiler accept them.
    export RUSTC_BOOTSTRAP=1
    fuzz=(cargo fuzz)
fi
# The sanitizer keeps freed memory, which counts towards the memory limit. So it may keep little.
export ASAN_OPTIONS="quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

"${fuzz[@]}" build >&2
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <("${fuzz[@]}" list)

failed=0
for target in "${targets[@]}"; do
    log="fuzz/target/$target.log"
    corpora=("fuzz/corpus/$target")
    mkdir -p "${corpora[0]}"
    [ -d "fuzz/seeds/$target" ] && corpora+=("fuzz/seeds/$target")
    if "${fuzz[@]}" run "$target" "${corpora[@]}" -- -max_total_time="$seconds" -max_len=8192 -len_control=10 -timeout=10 \
        -rss_limit_mb=512 -malloc_limit_mb=64 -print_final_stats=1 >"$log" 2>&1; then
        result=ok
    else
        result="CRASHED, see $log"
        failed=1
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-16s %12s executions  %s\n' "$target" "${executions:-?}" "$result"
done
exit "$failed"
