# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Backtracking: queens, subsets with a sum, a small sudoku.
def queens(n, placed=()):
    if len(placed) == n:
        yield placed
        return
    for col in range(n):
        if all(col != c and abs(col - c) != len(placed) - r for r, c in enumerate(placed)):
            yield from queens(n, placed + (col,))


def subsets(numbers, total):
    if total == 0:
        yield []
    for i, x in enumerate(numbers):
        if x <= total:
            for rest in subsets(numbers[i + 1:], total - x):
                yield [x] + rest


GRID = [list(r) for r in ("1.3.", "..21", ".1.2", "24..")]


def solve(grid):
    for y in range(4):
        for x in range(4):
            if grid[y][x] == ".":
                for d in "1234":
                    box = [grid[by][bx] for by in range(y // 2 * 2, y // 2 * 2 + 2) for bx in range(x // 2 * 2, x // 2 * 2 + 2)]
                    if d not in grid[y] and d not in [r[x] for r in grid] and d not in box:
                        grid[y][x] = d
                        if solve(grid):
                            return True
                        grid[y][x] = "."
                return False
    return True


print([sum(1 for _ in queens(n)) for n in range(1, 8)], next(queens(8)))
for col in next(queens(6)):
    print("." * col + "Q" + "." * (5 - col))
print(list(subsets([1, 3, 4, 5, 7, 8], 12)))
print(solve(GRID), ["".join(r) for r in GRID])
