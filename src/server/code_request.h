// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a model asks for when it calls run_code: a program, files that it may read, text for its standard input, a
// shorter time. Nothing in it can grant anything: an argument that is not one of these is an error, so that a model
// that tries to give itself a folder learns that it cannot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/json_reader.h"
#include "api/outcome.h"
#include "api/run_handle.h"
#include "base/error.h"
#include "boundary/grants.h"

namespace dewar::server {

/// Guest folder below which the files of a request appear, read-only.
inline constexpr char kInputFolder[] = "/input";

struct CodeRequest {
  std::string language;  ///< one of CodeHost::languages()
  std::string code;
  std::vector<boundary::FileGrant> files;  ///< below kInputFolder, contents decoded
  std::optional<std::string> stdin_text;
  std::optional<u64> timeout_ms;  ///< the run may not take longer; the operator's limit holds as well
};

struct CodeLimits {
  usize max_code = usize{4} << 20;
  usize max_stdin = usize{16} << 20;
  usize max_files = 64;
  usize max_file_bytes = usize{16} << 20;  ///< of all together
};

/// Reads the arguments of a call. Code: "tool-arguments", with a message for the model.
Result<CodeRequest> read_code_request(const api::JsonValue& arguments, const std::vector<std::string>& languages,
                                      const CodeLimits& limits = {});

/// Whoever runs programs for a server: it knows what the operator granted. Used from several threads at once.
class CodeHost {
 public:
  virtual ~CodeHost() = default;
  /// Languages that a request may name.
  virtual const std::vector<std::string>& languages() const = 0;
  /// Wall time that the operator allows, if any.
  virtual std::optional<u64> wall_time_ms() const = 0;
  /// Files of the host may be written, made or removed by a run.
  virtual bool may_change_files() const = 0;
  /// Runs it to its end, or until `handle` is cancelled.
  virtual api::Outcome run(CodeRequest request, api::RunHandle& handle) = 0;
  /// The outcome of a call that does not come to a run.
  virtual api::Outcome refused(Error error) const = 0;
  /// Tells the operator, and nobody else, how a call with this id ended.
  virtual void tell_operator(const std::string& id, const api::Outcome& outcome) = 0;
};

}  // namespace dewar::server
