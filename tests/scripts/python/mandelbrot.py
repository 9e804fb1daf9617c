# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The Mandelbrot set in characters, and digits of pi by a spigot.
def shade(c, limit=40):
    z = 0j
    for n in range(limit):
        z = z * z + c
        if abs(z) > 2:
            return n
    return limit


for y in range(-10, 11, 2):
    print("".join(" .:-=+*#%@"[min(9, shade(complex(x / 20 - 0.5, y / 10)) // 4)] for x in range(-30, 31, 2)).rstrip())


def pi_digits():
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = q * 10, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2


g = pi_digits()
print("".join(str(next(g)) for _ in range(100)))
