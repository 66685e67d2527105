#!/bin/sh
# Runs redis-server, which becomes this very process, under redis-benchmark,
# which runs beside it and without the allocator that is measured. What the
# process used is thus the server's alone; it ends when the client is done.
#
# usage: redis.sh SERVER
set -eu
readonly server="$1"
readonly socket=redis.sock # relative: the path of a socket is short
readonly pushes=4000

client() {
  redis-cli -s "$socket" "$@"
}

load() {
  redis-benchmark -s "$socket" -q -n "$pushes" -c 20 -P 16 -r 20000 "$@" >client.log
}

# Strings of several sizes, hashes, sets and sorted sets; then a list, whose
# length says whether every request was served.
drive() {
  until client ping >client.log 2>&1; do
    kill -0 $$ 2>/dev/null || return 1 # the server is gone
    sleep 0.01
  done
  load -d 150 -t set,incr,hset,sadd,zadd,mset &&
    load -d 3000 -t set,get &&
    load -d 150 -t lpush &&
    [ "$(client llen mylist)" = "$pushes" ] &&
    load -t lrange_100 -n 500
}

# The server ends when the client is done, and fails when the client fails.
(
  unset LD_PRELOAD
  if drive; then
    client shutdown nosave >client.log
  else
    kill -KILL $$ 2>/dev/null
  fi
) &

exec "$server" --port 0 --unixsocket "$socket" --save '' --appendonly no --loglevel warning \
  --jemalloc-bg-thread no
