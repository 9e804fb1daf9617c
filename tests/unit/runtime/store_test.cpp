// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Objects of a store: handles, limits on their number, code shared between instances, and the texts of traps.
#include <set>

#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

HostStatus nothing(CallContext&, const Slot*, Slot*) { return HostStatus::ok; }

TEST(Store, FunctionsAreNamedByTheirHandles) {
  World w;
  const wasm::CanonValType params[] = {wasm::CanonValType(wasm::CanonValType::kV128),
                                       wasm::CanonValType(wasm::CanonValType::kI32)};
  const wasm::CanonValType results[] = {wasm::CanonValType(wasm::CanonValType::kV128)};
  const auto type = must(w.engine.types().func_type(params, results));
  int env = 0;
  Func* f = must(w.store.new_host_func(type, nothing, &env));
  const Ref r = func_ref(f->index);
  EXPECT_EQ(ref_kind(r), RefKind::func);
  EXPECT_EQ(w.store.func(r), f);
  EXPECT_EQ(f->code, nullptr);
  EXPECT_EQ(f->host.fn, nothing);
  EXPECT_EQ(f->host.env, &env);
  EXPECT_EQ(f->host.arg_slots, 3u);
  EXPECT_EQ(f->host.result_slots, 2u);
}

TEST(Store, EqualHostValuesHaveEqualReferences) {
  World w;
  const Ref a = must(w.store.new_host_ref(0));
  const Ref b = must(w.store.new_host_ref(~u64{0}));
  EXPECT_EQ(ref_kind(a), RefKind::host);
  EXPECT_NE(a, b);
  EXPECT_EQ(must(w.store.new_host_ref(0)), a);
  EXPECT_EQ(w.store.host_ref_value(a), 0u);
  EXPECT_EQ(w.store.host_ref_value(b), ~u64{0});
}

TEST(Store, NumberOfMemoriesIsLimited) {
  StoreLimits limits;
  limits.max_memories = 2;
  World w({}, limits);
  EXPECT_TRUE(w.store.new_memory({}).has_value());
  EXPECT_TRUE(w.store.new_memory({}).has_value());
  const auto refused = w.store.new_memory({});
  ASSERT_FALSE(refused.has_value());
  EXPECT_STREQ(refused.error().code, "limit-memory");
  EXPECT_EQ(refused.error().message, "too many memories in this store: the limit is 2");
}

TEST(Store, NumberOfInstancesIsLimited) {
  StoreLimits limits;
  limits.max_instances = 2;
  World w({}, limits);
  w.instantiated("(module)");
  w.instantiated("(module)");
  EXPECT_STREQ(w.error_of("(module)").code, "limit-instances");
}

TEST(Store, InstancesOfAModuleShareTheirCode) {
  World w;
  const auto module = load(w.engine, "(module (func) (func (param i32)))");
  Instance& a = *must(instantiate(w.store, module, w.linker, *w.stack)).instance;
  Instance& b = *must(instantiate(w.store, module, w.linker, *w.stack)).instance;
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.funcs[1]->code, b.funcs[1]->code);
  EXPECT_NE(a.funcs[1], b.funcs[1]);
  EXPECT_EQ(a.code_table + 1, a.funcs[1]->code);
  const auto own = base::make_ref<CodeSet>(module);
  Instance& c = *must(instantiate(w.store, module, w.linker, *w.stack, own)).instance;
  EXPECT_EQ(c.codes, own);
  EXPECT_NE(c.funcs[1]->code, a.funcs[1]->code);
  EXPECT_EQ(own->count(), 2u);
  EXPECT_EQ(own->at(1).func, 1u);
  EXPECT_EQ(own->at(1).type, c.funcs[1]->type);
}

TEST(Trap, EveryKindHasItsOwnCode) {
  std::set<std::string_view> codes;
#define X(id, code, text)                      \
  EXPECT_EQ(trap_code(TrapKind::id), code);    \
  EXPECT_EQ(trap_message(TrapKind::id), text); \
  EXPECT_TRUE(codes.insert(trap_code(TrapKind::id)).second);
  DEWAR_TRAPS(X)
#undef X
  EXPECT_EQ(trap_message(TrapKind::stack_exhausted), "call stack exhausted");
  EXPECT_EQ(trap_code(TrapKind::out_of_fuel), "out-of-fuel");
}

}  // namespace
}  // namespace dewar::runtime
