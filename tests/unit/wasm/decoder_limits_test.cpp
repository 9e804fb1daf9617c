// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Implementation limits of the JS API specification: the limit itself is accepted, one more is "wasm-limit". Inputs
// are real ones of the necessary size, because a count that its bytes cannot hold is malformed instead.
#include <gtest/gtest.h>

#include "module_bytes.h"
#include "wasm/instr.h"
#include "wasm/limits.h"

namespace dewar::wasm {
namespace {

using namespace test;

/// `make(n)` must be accepted with n = limit and refused with "wasm-limit" with limit + 1.
template <class Make>
void expect_limit(const char* what, u32 limit, Make make) {
  EXPECT_EQ(outcome(make(limit)), "") << what;
  const std::string refused = outcome(make(limit + 1));
  EXPECT_TRUE(refused.starts_with("wasm-limit: ")) << what << ": " << refused;
  EXPECT_NE(refused.find(std::to_string(limit)), std::string::npos) << "the limit is named: " << refused;
}

const Bytes kVoid = section(1, vec({kVoidType}));

TEST(DecoderLimits, Types) {
  expect_limit("recursive groups", kMaxRecGroups, [](u32 n) { return module({section(1, repeat(n, kVoidType))}); });
  expect_limit("group size", kMaxRecGroupSize,
               [](u32 n) { return module({section(1, Bytes{1, 0x4e} + repeat(n, kVoidType))}); });
  expect_limit("types", kMaxTypes,
               [](u32 n) { return module({section(1, Bytes{2, 0x4e} + repeat(n - 1, kVoidType) + kVoidType)}); });
  expect_limit("parameters", kMaxParams,
               [](u32 n) { return module({section(1, Bytes{1, 0x60} + repeat(n, {0x7f}) + Bytes{0})}); });
  expect_limit("results", kMaxResults,
               [](u32 n) { return module({section(1, Bytes{1, 0x60, 0} + repeat(n, {0x7f}))}); });
  expect_limit("fields", kMaxStructFields,
               [](u32 n) { return module({section(1, Bytes{1, 0x5f} + repeat(n, {0x7f, 0}))}); });
  expect_limit("subtyping depth", kMaxSubtypingDepth, [](u32 n) {
    Bytes types = leb(n + 1) + Bytes{0x50, 0, 0x5f, 0};
    for (u32 i = 0; i < n; ++i) types = types + Bytes{0x50, 1} + leb(i) + Bytes{0x5f, 0};
    return module({section(1, types)});
  });
}

TEST(DecoderLimits, Entities) {
  expect_limit("imports", kMaxImports,
               [](u32 n) { return module({kVoid, section(2, repeat(n, {0, 0, 3, 0x7f, 0}))}); });
  const auto with_code = [](u32 n) {
    return module({kVoid, section(3, repeat(n, {0})), section(10, repeat(n, {2, 0, 0x0b}))});
  };
  expect_limit("functions", kMaxFunctions, with_code);
  expect_limit("functions with an import", kMaxFunctions, [](u32 n) {
    return module({kVoid, section(2, vec({{0, 0, 0, 0}})), section(3, repeat(n - 1, {0})),
                   section(10, repeat(n - 1, {2, 0, 0x0b}))});
  });
  expect_limit("tables", kMaxTables, [](u32 n) { return module({section(4, repeat(n, {0x70, 0, 0}))}); });
  expect_limit("imported tables", kMaxTables,
               [](u32 n) { return module({section(2, repeat(n, {0, 0, 1, 0x70, 0, 0}))}); });
  expect_limit("memories", kMaxMemories, [](u32 n) { return module({section(5, repeat(n, {0, 0}))}); });
  expect_limit("imported memories", kMaxMemories,
               [](u32 n) { return module({section(2, repeat(n, {0, 0, 2, 0, 0}))}); });
  expect_limit("tags", kMaxTags, [](u32 n) { return module({kVoid, section(13, repeat(n, {0, 0}))}); });
  expect_limit("globals", kMaxGlobals, [](u32 n) { return module({section(6, repeat(n, {0x7f, 0, 0x41, 0, 0x0b}))}); });
}

TEST(DecoderLimits, Exports) {
  expect_limit("exports", kMaxExports, [](u32 n) {
    Bytes exports = leb(n);
    exports.reserve(n * 6);
    for (u32 i = 0; i < n; ++i) {
      // Three-byte names, base 127 so that they are ASCII.
      for (u32 b : {3u, i % 127, i / 127 % 127, i / 16129, 3u, 0u}) exports.push_back(static_cast<u8>(b));
    }
    return module({section(6, vec({{0x7f, 0, 0x41, 0, 0x0b}})), section(7, exports)});
  });
}

TEST(DecoderLimits, Segments) {
  expect_limit("data segments", kMaxDataSegments, [](u32 n) { return module({section(11, repeat(n, {1, 0}))}); });
  EXPECT_TRUE(outcome(module({section(12, leb(kMaxDataSegments + 1))})).starts_with("wasm-limit"));
  expect_limit("entries of an element segment", kMaxElemEntries, [](u32 n) {
    return module({kVoid, section(2, vec({{0, 0, 0, 0}})), section(9, Bytes{1, 1, 0} + repeat(n, {0}))});
  });
}

TEST(DecoderLimits, ElementSegments) {
  const auto make = [](u32 n) { return module({section(9, repeat(n, {1, 0, 0}))}); };
  EXPECT_EQ(outcome(make(100'000)), "");
  EXPECT_TRUE(outcome(make(kMaxElemSegments + 1)).starts_with("wasm-limit: too many element segments"));
}

TEST(DecoderLimits, NamesAndBodies) {
  expect_limit("name length", kMaxNameLength, [](u32 n) { return module({section(0, name(std::string(n, 'x')))}); });
  expect_limit("function body", kMaxFunctionBody, [](u32 n) {
    Bytes code(n, 0x01);
    code.front() = 0;
    code.back() = 0x0b;
    return module({kVoid, section(3, {1, 0}), section(10, Bytes{1} + body(code))});
  });
}

TEST(DecoderLimits, ArrayNewFixedInConstantExpressions) {
  expect_limit("array.new_fixed", kMaxArrayNewFixed, [](u32 n) {
    Bytes init = {0x6a, 0};
    for (u32 i = 0; i < n; ++i) init = std::move(init) + Bytes{0x41, 0};
    return module(
        {section(1, vec({{0x5e, 0x7f, 0}})), section(6, vec({init + Bytes{0xfb, 8, 0} + leb(n) + Bytes{0x0b}}))});
  });
}

TEST(InstrLimits, Locals) {
  const auto count = [](u32 n, u32 params) {
    std::vector<ValType> locals;
    const auto r = read_locals(Bytes{1} + leb(n) + Bytes{0x7f}, params, locals);
    return r ? std::to_string(locals.size()) : std::string(r.error().code);
  };
  EXPECT_EQ(count(kMaxLocals, 0), "50000");
  EXPECT_EQ(count(kMaxLocals + 1, 0), "wasm-limit");
  EXPECT_EQ(count(kMaxLocals, 1), "wasm-limit");
  EXPECT_EQ(count(kMaxLocals - 1, 1), "49999");
  EXPECT_EQ(count(0xffffffff, 0), "wasm-limit");
  EXPECT_EQ(count(0xffffffff, 1), "wasm-malformed") << "more than the format itself allows";
}

TEST(InstrLimits, BrTableAndCatches) {
  const auto read = [](const Bytes& bytes) {
    base::Cursor c(bytes);
    Instr instr;
    Error error;
    return read_instr(c, instr, error) ? std::string("ok") : std::string(error.code);
  };
  EXPECT_EQ(read(Bytes{0x0e} + repeat(kMaxBrTable, {0}) + Bytes{0}), "ok");
  EXPECT_EQ(read(Bytes{0x0e} + repeat(kMaxBrTable + 1, {0}) + Bytes{0}), "wasm-limit");
  EXPECT_EQ(read(Bytes{0x1f, 0x40} + repeat(kMaxTryTableCatches, {2, 0})), "ok");
  EXPECT_EQ(read(Bytes{0x1f, 0x40} + repeat(kMaxTryTableCatches + 1, {2, 0})), "wasm-limit");
}

}  // namespace
}  // namespace dewar::wasm
