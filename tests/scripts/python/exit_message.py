# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# exit: 1
# sys.exit with a text prints it to standard error and fails.
import sys

print("before")
sys.exit("a message for standard error")
