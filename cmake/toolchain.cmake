# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Picks the compiler: $DEWAR_CC / $DEWAR_CXX when set, else the newest installed clang >= 19, with 22 first (it is what
# the interpreter is tuned with). The version is checked in dewar.cmake, after CMake has identified the compiler.

if(NOT CMAKE_CXX_COMPILER)
  if(DEFINED ENV{DEWAR_CXX} AND NOT "$ENV{DEWAR_CXX}" STREQUAL "")
    set(CMAKE_CXX_COMPILER "$ENV{DEWAR_CXX}")
  else()
    find_program(DEWAR_FOUND_CXX NAMES clang++-22 clang++-23 clang++-21 clang++-20 clang++-19 clang++)
    set(CMAKE_CXX_COMPILER "${DEWAR_FOUND_CXX}")
  endif()
endif()
if(NOT CMAKE_C_COMPILER)
  if(DEFINED ENV{DEWAR_CC} AND NOT "$ENV{DEWAR_CC}" STREQUAL "")
    set(CMAKE_C_COMPILER "$ENV{DEWAR_CC}")
  else()
    string(REPLACE "clang++" "clang" CMAKE_C_COMPILER "${CMAKE_CXX_COMPILER}")
  endif()
endif()
