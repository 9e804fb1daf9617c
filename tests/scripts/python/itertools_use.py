# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Most of itertools.
import itertools as it
import operator

print(list(it.accumulate([1, 2, 3, 4], operator.mul)), list(it.chain([1], (2,), "3")))
print(list(it.combinations("abc", 2)), list(it.permutations([1, 2, 3], 2))[:3])
print(list(it.product("ab", repeat=2)), list(it.combinations_with_replacement([1, 2], 2)))
print([(k, list(g)) for k, g in it.groupby("aaabbc")], list(it.compress("abcd", [1, 0, 1, 0])))
print(list(it.dropwhile(lambda x: x < 3, [1, 3, 2])), list(it.filterfalse(bool, [0, 1, "", "x"])))
print(list(it.islice(it.cycle("ab"), 5)), list(it.repeat(7, 2)), list(it.starmap(pow, [(2, 3), (3, 2)])))
print(list(it.zip_longest("abc", "x", fillvalue="-")), list(it.pairwise([1, 2, 4, 7])))
a, b = it.tee(iter(range(3)))
print(list(a), list(b))
print(list(it.islice(range(100), 10, 30, 7)))
