#!/usr/bin/env bash
# Measures everything and writes RESULTS.md and STORES.md; with the argument `stores`, only the
# latter, in eight minutes. Everything takes forty minutes, on a machine that does nothing else.
# Installs wrk, valgrind and the databases from Debian's packages where they are missing.
set -euo pipefail
cd "$(dirname "$0")"

missing=()
for program in wrk valgrind; do command -v "$program" >/dev/null || missing+=("$program"); done
if [ ${#missing[@]} -gt 0 ]; then apt-get update -q && apt-get install -y -q "${missing[@]}"; fi

cargo build --release
stores() {
    bash ../.ci/databases run sh -c 'target/release/login-benches stores >target/stores.md'
    mv target/stores.md STORES.md
}
if [ "${1-}" = stores ]; then stores; exit; fi

[ -x target/venv/bin/python ] || python3 -m venv target/venv
target/venv/bin/python -m pip install -q flask==3.1.3 flask-login==0.6.3 gunicorn==23.0.0
for part in table loopback trees; do
    target/release/login-benches "$part"
done | tee target/results.md
mv target/results.md RESULTS.md
stores
