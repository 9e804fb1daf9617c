# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# exit: 1
# Ends by an exception that nothing catches; output before it stays.
def average(values):
    return sum(values) / len(values)


print(average([1, 2, 3]))
try:
    print(average([]))
finally:
    print("cleaning up")
print("never")
