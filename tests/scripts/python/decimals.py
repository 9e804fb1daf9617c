# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Money with decimal.
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, getcontext, localcontext

print(Decimal("0.1") + Decimal("0.2"), Decimal(1) / Decimal(7), Decimal("1.20") * 2)
for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_DOWN):
    print(mode, [str(Decimal(x).quantize(Decimal("0.01"), mode)) for x in ("2.665", "2.675", "-1.005")])
with localcontext() as ctx:
    ctx.prec = 50
    print(Decimal(2).sqrt(), Decimal(1).exp())
print(getcontext().prec, Decimal("1E+3"), Decimal("1e3").normalize(), f"{Decimal('1234567.891'):,.2f}")
prices = {"book": Decimal("12.99"), "pen": Decimal("0.35")}
net = prices["book"] * 3 + prices["pen"] * 7
tax = (net * Decimal("0.19")).quantize(Decimal("0.01"), ROUND_HALF_UP)
print(net, tax, net + tax)
for bad, kind in ((lambda: Decimal("x"), InvalidOperation), (lambda: Decimal(1) / 0, DivisionByZero)):
    try:
        bad()
    except kind as e:
        print(type(e).__name__)
print(Decimal("NaN").is_nan(), Decimal("1.10") == Decimal("1.1"), Decimal("1.10").as_tuple())
