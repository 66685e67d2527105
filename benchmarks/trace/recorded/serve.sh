#!/bin/bash
# Runs redis-server, with one I/O thread beside its main one, under redis-benchmark
# until all is done. Words before it are put before the server's command:
#
#   serve.sh loam-trace record --output redis_requests.loamtrace --

set -eu

PORT=7399

"$@" redis-server --port "$PORT" --save '' --appendonly no --io-threads 2 \
  --io-threads-do-reads yes >/dev/null &
until redis-cli -p "$PORT" ping >/dev/null 2>&1; do sleep 0.1; done
redis-benchmark -p "$PORT" -c 8 -n 1200 -r 400 -d 64 -q \
  -t set,get,lpush,lpop,sadd,hset,lrange_100 >/dev/null
redis-cli -p "$PORT" shutdown nosave || true # the answer is that the connection ends
wait
