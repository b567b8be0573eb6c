#!/bin/sh
# Joins and unpacks the parts beside it, measures this machine's GPU, prints tables and writes one JSON file. Needs a GPU
# driver and Python 3.9 or newer: ./run.sh --help
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for python in "${PYTHON:-python3}" python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    exec "$python" "$here/unpack.py" "$@"
  fi
done
echo "run.sh: no Python 3.9 or newer was found; install it, or name it: PYTHON=/path/to/python3 $0" >&2
exit 1
