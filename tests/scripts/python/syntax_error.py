# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# exit: 1
# Does not compile: nothing of it runs.
print("this line is fine")
if True
    print("and this one misses a colon")
