"""A small report, as scripts make them: reads rows of text, groups and sorts them, prints JSON."""

import json
import random
import string

random.seed(7)
CITIES = ["Antwerp", "Bergen", "Cork", "Delft", "Essen", "Faro", "Graz", "Hull"]


def row(number):
    name = "".join(random.choices(string.ascii_lowercase, k=random.randint(3, 12)))
    return "%d,%s,%s,%.2f" % (number, name, random.choice(CITIES), random.random() * 1000)


def parse(line):
    number, name, city, amount = line.split(",")
    return {"number": int(number), "name": name, "city": city, "amount": float(amount)}


lines = [row(number) for number in range(900)]
by_city = {}
for record in map(parse, lines):
    by_city.setdefault(record["city"], []).append(record)
report = {
    city: {
        "total": sum(record["amount"] for record in records),
        "largest": sorted(records, key=lambda record: -record["amount"])[:5],
        "names": sorted({record["name"] for record in records}),
    }
    for city, records in sorted(by_city.items())
}
assert json.loads(json.dumps(report, indent=1)) == report
