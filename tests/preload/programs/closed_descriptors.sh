# needs: python3
# A program without any open file allocates and frees as any other, and opens none.
if /usr/bin/python3 - <<'END'; then
import os

os.closerange(0, 1024)
table = {number: [str(number), bytes(number % 5000)] for number in range(30000)}
total = sum(len(value[1]) for value in table.values())
large = [bytes(3000000 + number) for number in range(10)]
table.clear()
large.clear()
left = []
for number in range(1024):
    try:
        left.append(os.fstat(number))
    except OSError:
        pass
os._exit(0 if total == sum(number % 5000 for number in range(30000)) and not left else 1)
END
  echo "all went well"
else
  echo "status $?"
fi
