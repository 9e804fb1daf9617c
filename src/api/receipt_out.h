// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a receipt says of the files that a run left in its folder /out: every name with kind, size and hash, as the
// guest made them, whether or not they could be brought back to the host afterwards.
#pragma once

#include <vector>

#include "api/receipt.h"
#include "boundary/memfs.h"

namespace dewar::api {

/// Facts "left.out PATH" in the order of the names, then "left.out", which covers all of them. Only the first 10,000
/// names, of a mebibyte together, get facts of their own.
std::vector<Fact> out_facts(const boundary::MemFs& files);

}  // namespace dewar::api
