// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/backtrace.h"

#include "exec/frame_walk.h"

namespace dewar::exec {

void record_backtrace(runtime::Stack& stack) {
  using runtime::Trap;
  constexpr u64 kHalf = Trap::kMaxFrames / 2;
  std::vector<runtime::FrameInfo> outer;  // ring of the outermost frames seen so far
  Trap& trap = stack.trap;
  trap.frames.clear();
  trap.total_frames = 0;
  for_each_frame(stack, [&](const runtime::FrameState& s, bool) {
    const runtime::FrameInfo info{s.instance, s.code->func, static_cast<u32>(s.pc - s.code->body)};
    if (trap.total_frames < kHalf) {
      trap.frames.push_back(info);
    } else if (outer.size() < kHalf) {
      outer.push_back(info);
    } else {
      outer[(trap.total_frames - kHalf) % kHalf] = info;
    }
    ++trap.total_frames;
  });
  const u64 rest = outer.size();
  const u64 first = trap.total_frames > Trap::kMaxFrames ? (trap.total_frames - kHalf) % kHalf : 0;
  for (u64 i = 0; i < rest; ++i) trap.frames.push_back(outer[(first + i) % rest]);
}

}  // namespace dewar::exec
