# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A queue simulated event by event, with seeded arrivals.
import heapq
import random
import statistics

rng = random.Random(7)
events, clock, sequence = [], 0.0, 0


def schedule(delay, kind, who):
    global sequence
    sequence += 1
    heapq.heappush(events, (clock + delay, sequence, kind, who))


waiting, busy, arrived, waits = [], 0, {}, []
schedule(0, "arrive", 0)
while events:
    clock, _, kind, who = heapq.heappop(events)
    if kind == "arrive":
        arrived[who] = clock
        if who < 199:
            schedule(rng.expovariate(1 / 4), "arrive", who + 1)
        waiting.append(who)
    else:
        busy -= 1
    while waiting and busy < 2:
        busy += 1
        served = waiting.pop(0)
        waits.append(clock - arrived[served])
        schedule(rng.uniform(3, 10), "leave", served)
print(len(waits), f"{clock:.3f} {statistics.mean(waits):.3f} {max(waits):.3f} {statistics.median(waits):.3f}")
histogram = {}
for w in waits:
    histogram[int(w // 5)] = histogram.get(int(w // 5), 0) + 1
for bucket in sorted(histogram):
    print(f"{bucket * 5:>3} {'#' * (histogram[bucket] // 2 + 1)}")
