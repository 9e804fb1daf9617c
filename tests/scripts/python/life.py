# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The game of life on a small torus.
def step(cells, w, h):
    counts = {}
    for x, y in cells:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    key = ((x + dx) % w, (y + dy) % h)
                    counts[key] = counts.get(key, 0) + 1
    return {c for c, n in counts.items() if n == 3 or n == 2 and c in cells}


W, H = 12, 8
glider = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}
cells = set(glider)
for generation in range(5):
    if generation in (0, 4):
        print("\n".join("".join("#" if (x, y) in cells else "." for x in range(W)) for y in range(H)), "\n")
    cells = step(cells, W, H)
for _ in range(91):
    cells = step(cells, W, H)
print(len(cells), {((x - 24) % W, (y - 24) % H) for x, y in cells} == glider)
