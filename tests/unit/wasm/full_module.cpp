// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The canonical example module that decoder, encoder, names and disassembler tests share.
#include "module_bytes.h"

namespace dewar::wasm::test {

Bytes full_module() {
  const Bytes types = vec({
      kVoidType,                                           // 0 (func)
      {0x60, 2, 0x7f, 0x7e, 1, 0x7f},                      // 1 (func (param i32 i64) (result i32))
      {0x50, 0, 0x5f, 1, 0x7f, 1},                         // 2 (sub (struct (field (mut i32))))
      {0x4e, 2, 0x4f, 1, 2, 0x5f, 2, 0x7f, 1, 0x63, 4, 0,  // 3 (rec (sub final 2 (struct ... (ref null 4)))
       0x5e, 0x78, 1},                                     // 4      (array (mut i8)))
      {0x60, 1, 0x7f, 0},                                  // 5 (func (param i32))
  });
  const Bytes imports = vec({
      name("env") + name("f") + Bytes{0, 0},
      name("env") + name("t") + Bytes{1, 0x70, 1, 1, 9},
      name("env") + name("m") + Bytes{2, 3, 1, 2},
      name("env") + name("g") + Bytes{3, 0x7e, 0},
      name("env") + name("e") + Bytes{4, 0, 5},
  });
  const Bytes functions = vec({{1}, {0}});
  const Bytes tables = vec({{0x6f, 4, 3}, {0x40, 0, 0x64, 0x6c, 0, 1, 0x41, 7, 0xfb, 0x1c, 0x0b}});
  const Bytes memories = vec({{4, 1}, {9, 0, 1, 0}});
  const Bytes tags = vec({{0, 5}});
  const Bytes globals = vec({
      {0x7f, 1, 0x41, 1, 0x41, 2, 0x6a, 0x0b},
      {0x64, 2, 0, 0x41, 5, 0xfb, 0, 2, 0x0b},
      {0x7e, 0, 0x23, 0, 0x0b},
      {0x7d, 0, 0x43, 0, 0, 0xc0, 0x7f, 0x0b},
  });
  const Bytes exports = vec({
      name("run") + Bytes{0, 1},
      name("memory") + Bytes{2, 0},
      name("tab") + Bytes{1, 1},
      name("glob") + Bytes{3, 1},
      name("tag") + Bytes{4, 1},
  });
  const Bytes elems = vec({
      {0, 0x41, 0, 0x0b, 2, 1, 2},                       // active, table 0, functions
      {1, 0, 1, 0},                                      // passive, functions
      {3, 0, 1, 2},                                      // declarative
      {4, 0x41, 0, 0x0b, 1, 0xd2, 1, 0x0b},              // active, table 0, expressions
      {5, 0x6f, 1, 0xd0, 0x6f, 0x0b},                    // passive, expressions
      {6, 1, 0x42, 0, 0x0b, 0x6f, 1, 0xd0, 0x6f, 0x0b},  // active, table 1 (64-bit), expressions
      {7, 0x70, 1, 0xd0, 0x70, 0x0b},                    // declarative, expressions
  });
  const Bytes code = vec({
      body({1, 2, 0x7f, 0x20, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 0x7f, 0x0b, 0x0b}),
      body({0, 0x41, 0, 0xfd, 0x0c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xfd, 0x0b, 4, 0, 0x0b}),
  });
  const Bytes datas = vec({
      {0, 0x41, 8, 0x0b, 2, 'h', 'i'},
      {1, 1, 'x'},
      {2, 1, 0x42, 0, 0x0b, 0},
  });
  const Bytes hints = custom("metadata.code.branch_hint", vec({leb(1) + vec({{5, 1, 1}})}));
  const Bytes names =
      custom("name", section(0, name("full")) + section(1, vec({leb(1) + name("first"), leb(2) + name("second")})) +
                         section(2, vec({leb(1) + vec({leb(0) + name("a"), leb(2) + name("tmp")})})) +
                         section(7, vec({leb(1) + name("counter")})));
  return module({custom("first", {1, 2, 3}), section(1, types), section(2, imports), section(3, functions),
                 section(4, tables), section(5, memories), section(13, tags), section(6, globals), section(7, exports),
                 section(8, {2}), section(9, elems), section(12, {3}), hints, section(10, code), section(11, datas),
                 names});
}

}  // namespace dewar::wasm::test
