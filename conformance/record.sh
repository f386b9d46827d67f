#!/usr/bin/env bash
# Records what the reference answers to every scenario, for `cargo test` to replay.
# Usage: conformance/record.sh path/to/python-with-flask-and-flask-login
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p transcripts
for scenarios in scenarios/*.json; do
    "$1" conform.py record "$scenarios" "transcripts/$(basename "$scenarios")" --wire flask,native,store
done
