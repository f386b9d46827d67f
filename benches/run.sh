#!/usr/bin/env bash
# Measures everything and writes RESULTS.md. Takes about half an hour, on a machine that
# does nothing else; installs wrk and valgrind from Debian's packages where they are missing.
set -euo pipefail
cd "$(dirname "$0")"

missing=()
for program in wrk valgrind; do command -v "$program" >/dev/null || missing+=("$program"); done
if [ ${#missing[@]} -gt 0 ]; then apt-get update -q && apt-get install -y -q "${missing[@]}"; fi
[ -x target/venv/bin/python ] || python3 -m venv target/venv
target/venv/bin/python -m pip install -q flask==3.1.3 flask-login==0.6.3 gunicorn==23.0.0

cargo build --release
for part in table loopback trees; do
    target/release/login-benches "$part"
done | tee target/results.md
mv target/results.md RESULTS.md
