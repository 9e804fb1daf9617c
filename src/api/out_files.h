// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The way of a guest's files back to the host: what it left in its folder /out (a memory mount) is written below a
// folder that the operator named, when the run is over. Nothing there is overwritten and no link is followed; names,
// sizes, depth and number are bounded, and what is left out is told with the reason.
#pragma once

#include <string>

#include "api/outcome.h"
#include "base/error.h"
#include "boundary/memfs.h"
#include "boundary/unique_fd.h"

namespace dewar::api {

/// Where the files of a guest go.
struct OutFolder {
  static constexpr u64 kDefaultMax = u64{64} << 20;
  static constexpr const char* kGuestPath = "/out";
  std::string
      host_path;  ///< of a folder that is made if it is not there and must hold nothing; "" = bring nothing back
  u64 max_bytes = kDefaultMax;
};

class OutFiles {
 public:
  /// Makes or opens the folder. Errors: "out-folder".
  Result<void> open(const OutFolder& folder);
  bool is_open() const { return static_cast<bool>(dir_); }
  /// Writes regular files and directories, in the order of their names, and lists them in the outcome.
  void write(const boundary::MemFs& files, Outcome& outcome);
  /// There was no run: removes the folder if open() made it.
  void abandon();

 private:
  OutFolder folder_;
  boundary::UniqueFd dir_;
  bool made_ = false;
};

}  // namespace dewar::api
