# needs: redis-server redis-cli redis-benchmark
redis-server --port 0 --unixsocket ./s --save '' --appendonly no --io-threads 2 > log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
cli() { redis-cli -s ./s "$@"; }
for _ in $(seq 200); do
  [ "$(cli ping 2>/dev/null)" = PONG ] && break
  sleep 0.05
done
cli ping
redis-benchmark -s ./s -q -n 2000 -c 8 -P 4 -d 400 -r 2000 \
  -t set,get,incr,lpush,lpop,sadd,hset,zadd,mset > rates 2>&1
cli flushall
for batch in 0 1 2 3 4 5 6 7; do
  cli eval "
    for i = 1, 3000 do
      redis.call('set', 'k' .. ARGV[1] .. ':' .. i, string.rep('v', i % 500))
      redis.call('hset', 'h' .. (i % 10), 'f' .. i .. ARGV[1], i)
      redis.call('zadd', 'z', i * 3 % 101, 'm' .. i)
    end
    return redis.call('dbsize')" 0 "$batch"
done
cli strlen k3:499
cli zcard z
cli hlen h7
cli save
cli dbsize
cli shutdown nosave || true
wait "$server"
echo "the server ended well"
