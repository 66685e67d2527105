# needs: python3
# Tens of MiB of objects where address space ends at 256 MiB.
# shellcheck disable=SC3045  # every /bin/sh of Linux has it
ulimit -v 262144
exec /usr/bin/python3 - <<'END'
import resource

print(resource.getrlimit(resource.RLIMIT_AS))
table = {number: [str(number), {"square": number * number}] for number in range(60000)}
print(sum(value[1]["square"] for value in table.values()))
text = bytearray()
for number in range(400000):
    text += b"%d," % number  # one large block that grows
print(len(text))
for number in range(0, 60000, 2):
    del table[number]
table.update((number, "again %d" % number) for number in range(60000, 90000))
print(len(table), len(" ".join(str(value) for value in table.values())))
END
