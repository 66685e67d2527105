"""Builds, changes and drops many small objects."""


class Node:
    def __init__(self, key, children):
        self.key = key
        self.name = "node-%d" % key
        self.children = children


def build(depth, key):
    if depth == 0:
        return Node(key, [])
    return Node(key, [build(depth - 1, key * 3 + i) for i in range(3)])


def count(node):
    return 1 + sum(count(child) for child in node.children)


def churn(rounds):
    cache = {}
    for i in range(rounds):
        cache["key-%d" % (i * 7919 % 10007)] = [str(i), i * 1.5, ("pair", i)]
    return cache


total = 0
for tree in range(6):
    total += count(build(8, tree))
cache = churn(120000)
words = " ".join(str(i) for i in range(30000)).split()
assert total == 6 * (3**9 - 1) // 2, total
assert len(cache) == 10007, len(cache)
assert len(words) == 30000, len(words)
