#!/bin/sh
# What a container of this image can be. Its init (tini) ends with it, and reaps what user programs leave behind.
set -eu
small='--max-semi-space-size=1 --v8-pool-size=1'
# Whose certificates count is read when one is to be checked, from the image: Node's own list takes 20 ms at every start.
trust='--use-openssl-ca'
case "${1:-}" in
  runner)
    # shellcheck disable=SC2086
    exec node $small $trust /opt/devex/runner.mjs
    ;;
  # `save` is a sidecar in the place of one that cannot be started again: it is adopted and saves like any other.
  sidecar | save)
    # Else the cluster makes them for the runner's mounts, and they are not ours.
    mkdir -p "$VOLUME_DIR/workspace" "$VOLUME_DIR/home"
    # Large buffers go back to the system when they are free (mallopt(3)).
    export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144
    # shellcheck disable=SC2086
    exec node $small $trust /opt/devex/sidecar.mjs
    ;;
  quiesce)
    # Before a pod ends: the user's programs first, while the sidecar waits with its last save.
    exec curl --silent --output /dev/null --max-time 30 --request POST --unix-socket "$RUNNER_SOCKET" http://runner/quiesce
    ;;
  *)
    echo "usage: $0 runner | sidecar | save | quiesce" >&2
    exit 64
    ;;
esac
