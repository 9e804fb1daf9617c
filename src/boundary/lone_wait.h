// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// memory.atomic.wait where the guest is one thread (design D10): nobody can notify it, so how the wait ends is known
// before it begins, and with the virtual clock it takes no time.
#pragma once

#include "boundary/clock.h"
#include "runtime/store.h"

namespace dewar::boundary {

/// Installs the wait policy of a store whose memories no other thread reaches, now or later. A wait without a timeout
/// is a deadlock. One with a timeout passes on the virtual clock at once, and really waits on the real one. `clock`
/// must outlive the store's runs.
void wait_alone(runtime::Store& store, Clock& clock);

}  // namespace dewar::boundary
