// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Standard input from a text that came with the request.
#pragma once

#include <string>

#include "boundary/streams.h"

namespace dewar::server {

class TextSource final : public boundary::InputSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::expected<u64, boundary::StreamError> read(boundary::HostCall& call, boundary::GuestScatter& into,
                                                 bool whole) override;

 private:
  std::string text_;
};

}  // namespace dewar::server
