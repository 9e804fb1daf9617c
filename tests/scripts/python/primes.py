# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Primes: sieve, factorization, perfect numbers, Goldbach, Miller and Rabin.
def sieve(n):
    flags = bytearray([1]) * (n + 1)
    flags[:2] = b"\0\0"
    for i in range(2, int(n ** 0.5) + 1):
        if flags[i]:
            flags[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, f in enumerate(flags) if f]


def factors(n):
    out, p = {}, 2
    while p * p <= n:
        while n % p == 0:
            out[p] = out.get(p, 0) + 1
            n //= p
        p += 1 if p == 2 else 2
    if n > 1:
        out[n] = out.get(n, 0) + 1
    return out


def is_prime(n):
    if n < 2 or n % 2 == 0:
        return n == 2
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17):
        if n == a:
            return True
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


primes = sieve(100_000)
print(len(primes), primes[:10], primes[-1], sum(primes))
print(factors(600851475143), factors(2 ** 20 * 3), factors(97))
print([n for n in range(2, 500) if sum(d for d in range(1, n) if n % d == 0) == n])
print(all(is_prime(p) for p in primes[:2000]), is_prime(2 ** 61 - 1), is_prime(2 ** 67 - 1))
known = set(primes)
print(next((p, 100 - p) for p in primes if 100 - p in known))
