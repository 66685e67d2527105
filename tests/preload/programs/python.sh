# needs: python3
cat > work.py <<'END'
import gc
import hashlib
import json
import threading


class Node:
    def __init__(self, value, left):
        self.value = value
        self.left = left
        self.data = {"value": value}


def churn(seed, results):
    """Makes, links and drops objects of many sizes; leaves a hash of what lives."""
    state, live = seed, {}
    for i in range(30000):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        key = state >> 54
        if state % 3:
            live[key] = Node(i, live.get(key - 1) if i % 50 else None)
        else:
            live[key] = bytearray(state % 20000)
        if len(live) > 500:
            live.pop(next(iter(live)))
    sizes = {key: getattr(v, "value", None) or len(v) for key, v in live.items() if key % 2}
    text = json.dumps(sizes, sort_keys=True)
    results[seed] = hashlib.sha256(text.encode()).hexdigest()


Node.__len__ = lambda self: 1
results = {}
churn(1, results)
threads = [threading.Thread(target=churn, args=(seed, results)) for seed in range(2, 8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
rows = [list(range(i % 1000)) for i in range(3000)]
rows = [row[::2] + row[::-1] for row in rows]
gc.collect()
print(sorted(results.items()))
print(sum(map(sum, rows)), len("x".join(map(str, range(200000)))))
END
# Python's own pools would hide most of the work from malloc.
PYTHONMALLOC=malloc exec python3 work.py
