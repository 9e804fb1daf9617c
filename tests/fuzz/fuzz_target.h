// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The face of a fuzz target: libFuzzer's entry point, called by libFuzzer itself or by replay_main.cpp. A target must
// give the same verdict for the same bytes at every call, and reports a finding by aborting (DEWAR_FUZZ_CHECK).
#pragma once

#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/types.h"

extern "C" int LLVMFuzzerTestOneInput(const dewar::u8* data, dewar::usize size);

/// A property that must hold for every input.
#define DEWAR_FUZZ_CHECK(cond, what)                                                 \
  do {                                                                               \
    if (!(cond)) {                                                                   \
      std::fprintf(stderr, "%s:%d: fuzz finding: %s\n", __FILE__, __LINE__, (what)); \
      std::abort();                                                                  \
    }                                                                                \
  } while (0)
