// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar-disassemble: decodes machine code for `dewar objdump --code`. Reads lines "OFFSET HEX" (a decimal offset and
// bytes), writes a line "OFFSET SIZE TEXT" per instruction, in Intel's syntax, where jumps name offsets. What is no
// instruction is one byte "(bad)".
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <Zydis/Zydis.h>

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read_hex(const std::string& text, std::size_t at, std::vector<unsigned char>& bytes) {
  bytes.clear();
  for (; at + 1 < text.size(); at += 2) {
    const int high = digit(text[at]), low = digit(text[at + 1]);
    if (high < 0 || low < 0) return false;
    bytes.push_back(static_cast<unsigned char>(high * 16 + low));
  }
  return at == text.size();
}

}  // namespace

int main() {
  std::string line;
  std::vector<unsigned char> bytes;
  while (std::getline(std::cin, line)) {
    char* end = nullptr;
    unsigned long offset = std::strtoul(line.c_str(), &end, 10);
    if (end == line.c_str() || *end != ' ' ||
        !read_hex(line, static_cast<std::size_t>(end - line.c_str()) + 1, bytes)) {
      std::fprintf(stderr, "dewar-disassemble: expected a line \"OFFSET HEX\"\n");
      return 1;
    }
    for (std::size_t at = 0; at < bytes.size();) {
      ZydisDisassembledInstruction instruction;
      const bool good = ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, offset, bytes.data() + at,
                                                           bytes.size() - at, &instruction));
      const unsigned size = good ? instruction.info.length : 1;
      std::printf("%lu %u %s\n", offset, size, good ? instruction.text : "(bad)");
      at += size;
      offset += size;
    }
  }
  return 0;
}
