# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Random numbers from a fixed seed are the same everywhere.
import random

r = random.Random(42)
print([r.randint(1, 6) for _ in range(12)], r.random(), r.uniform(1, 2))
items = list("abcdefgh")
r.shuffle(items)
print(items, r.choice(items), r.sample(range(100), 5), r.choices("xyz", weights=[1, 0, 3], k=6))
print(round(r.gauss(0, 1), 12), r.getrandbits(70), r.randbytes(4).hex())
random.seed("text")
print(random.randrange(10 ** 6), round(random.betavariate(1, 2), 12))
state = r.getstate()
a = r.random()
r.setstate(state)
print(a == r.random())
inside = sum(1 for _ in range(20000) if r.random() ** 2 + r.random() ** 2 < 1)
print(4 * inside / 20000)
