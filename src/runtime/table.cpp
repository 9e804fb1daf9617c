// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables (spec 4.2.7): creation, growth, and the call cache that runs beside the references of function tables.
// Invariant: cache[i] is the function that refs[i] names, or null, for every i < size; elements from size to capacity
// are zero in both arrays.
#include <algorithm>
#include <cstdlib>

#include "base/print.h"
#include "runtime/store.h"

namespace dewar::runtime {
namespace {

constexpr u64 kElementBytes = sizeof(Ref);
constexpr u64 kFuncElementBytes = sizeof(Ref) + sizeof(Func*);

u64 budget_bytes(const Table& table, u64 elements) {
  return elements * (table.is_func ? kFuncElementBytes : kElementBytes);
}

bool is_func_table(const wasm::TypeRegistry& types, wasm::CanonValType elem) {
  if (elem.is_concrete()) return types.type(elem.index()).kind == wasm::CompositeKind::func;
  return wasm::heap_top(elem.heap()) == wasm::Heap::func;
}

/// Room for `capacity` elements, at most the store's limit; false and no change if the system refuses.
bool reallocate(Table& table, u64 capacity) {
  decltype(table.refs) refs(static_cast<Ref*>(std::calloc(capacity, sizeof(Ref))));
  decltype(table.cache) cache(table.is_func ? static_cast<Func**>(std::calloc(capacity, sizeof(Func*))) : nullptr);
  if (!refs || (table.is_func && !cache)) return false;
  std::copy_n(table.refs.get(), table.size, refs.get());
  if (table.is_func) std::copy_n(table.cache.get(), table.size, cache.get());
  table.refs = std::move(refs);
  table.cache = std::move(cache);
  table.capacity = capacity;
  return true;
}

void fill(Store& store, Table& table, u64 from, u64 count, Ref value) {
  if (value == kNullRef) return;  // unused capacity is null
  std::fill_n(table.refs.get() + from, count, value);
  if (table.is_func) std::fill_n(table.cache.get() + from, count, store.func(value));
}

}  // namespace

void Table::set(Store& store, u64 i, Ref r) {
  refs[i] = r;
  if (is_func) cache[i] = r == kNullRef ? nullptr : store.func(r);
}

Result<void> Store::check_table(const wasm::CanonTableType& type) const {
  if (tables_.size() >= limits_.max_tables) {
    return fail("limit-table", "too many tables in this store: the limit is " + base::dec(limits_.max_tables));
  }
  if (type.limits.min > limits_.max_table_elements) {
    return fail("limit-table",
                "table needs at least " + base::dec(type.limits.min) + " elements; the limit is " +
                    base::dec(limits_.max_table_elements),
                Error::kNoOffset, "raise the table limit, or lower the module's minimum");
  }
  return {};
}

Result<Table*> Store::new_table(const wasm::CanonTableType& type, Ref init) {
  if (auto checked = check_table(type); !checked) return std::unexpected(std::move(checked.error()));
  Table table;
  table.type = type;
  table.is_func = is_func_table(engine_.types(), type.elem);
  table.max = limits_.max_table_elements;
  if (type.limits.has_max) table.max = std::min(table.max, type.limits.max);
  const u64 bytes = budget_bytes(table, type.limits.min);
  if (!take_budget(budget_, bytes)) {
    return fail("limit-table", "the memories and tables of this program together pass their limit", Error::kNoOffset,
                "raise the total memory limit");
  }
  if (!reallocate(table, std::max<u64>(type.limits.min, 1))) {
    return_budget(budget_, bytes);
    return fail("limit-table", "the system refuses a table of " + base::dec(type.limits.min) + " elements");
  }
  table.size = type.limits.min;
  fill(*this, table, 0, table.size, init);
  return &tables_.emplace_back(std::move(table));
}

std::optional<u64> Store::grow_table(Table& table, u64 delta, Ref init) {
  const u64 old_size = table.size;
  // Declared maxima may be below the size only by a bug; the limit may not, so that this can not wrap.
  if (delta > table.max - old_size) {
    const u64 type_max = table.type.limits.has_max ? table.type.limits.max : table.type.limits.is64 ? ~u64{0} : ~u32{0};
    if (delta <= type_max - old_size) budget_->refused_table.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  if (delta == 0) return old_size;
  const u64 bytes = budget_bytes(table, delta);
  if (!take_budget(budget_, bytes)) return std::nullopt;
  const u64 new_size = old_size + delta;
  if (new_size > table.capacity && !reallocate(table, std::min(table.max, std::max(new_size, table.capacity * 2)))) {
    return_budget(budget_, bytes);
    budget_->refused_system.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  table.size = new_size;
  fill(*this, table, old_size, delta, init);
  return old_size;
}

}  // namespace dewar::runtime
