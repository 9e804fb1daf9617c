// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types for heap tests, interned directly.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "gc/heap.h"

namespace dewar::gc {

using wasm::CanonId;
using wasm::FieldType;
using wasm::SubType;
using wasm::ValType;

inline const ValType kAnyRef = ValType::ref(wasm::Heap::any, true);
inline const ValType kI8{ValType::kI8};
inline const ValType kI16{ValType::kI16};

/// A registry with the types that a test adds.
class GcTypes {
 public:
  CanonId add(SubType type) {
    CanonId id;
    EXPECT_TRUE(registry.intern(std::span(&type, 1), static_cast<u32>(canon_.size()), canon_, std::span(&id, 1)));
    canon_.push_back(id);
    return id;
  }
  CanonId add_struct(std::vector<ValType> fields) {
    SubType type;
    type.kind = wasm::CompositeKind::struct_;
    for (const ValType t : fields) type.fields.push_back({t, true});
    return add(type);
  }
  CanonId add_array(ValType element) {
    SubType type;
    type.kind = wasm::CompositeKind::array;
    type.fields.push_back({element, true});
    return add(type);
  }
  CanonId add_func(std::vector<ValType> params) {
    SubType type;
    type.params = std::move(params);
    return add(type);
  }

  wasm::TypeRegistry registry;

 private:
  std::vector<CanonId> canon_;
};

}  // namespace dewar::gc
