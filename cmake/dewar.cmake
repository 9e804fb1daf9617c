# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The build rules of the house: options, compiler flags, and the functions that every folder uses to declare its
# library, tests, programs and fuzz targets. A folder's CMakeLists.txt lists its sources by name and nothing else.

include(CheckCXXCompilerFlag)

option(DEWAR_ASSERTS "Keep DEWAR_ASSERT checks in the program" ON)
option(DEWAR_WERROR "Treat warnings as errors" OFF)
option(DEWAR_THINLTO "Link-time optimisation (ThinLTO)" OFF)
option(DEWAR_STATIC_RUNTIME "Link libstdc++ and libgcc statically, and all of the program (faster process start)" OFF)
option(DEWAR_FUZZERS "Build the libFuzzer targets" OFF)
option(DEWAR_TESTS "Build the tests" ON)
set(DEWAR_SANITIZE "" CACHE STRING "Comma-separated list for -fsanitize=")
set(DEWAR_FUZZ_SECONDS 10 CACHE STRING "Seconds each fuzz target runs for in the test run")

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Dewar needs clang 19 or newer (found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}). "
                      "Run tools/setup.sh, or set DEWAR_CXX and DEWAR_CC.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# One cache for all build directories and checkouts: what a file compiles to depends on neither place.
find_program(DEWAR_CCACHE ccache)
find_program(DEWAR_ENV env)
if(DEWAR_CCACHE AND DEWAR_ENV AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DEWAR_ENV} CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${DEWAR_CCACHE})
endif()

add_compile_options(
  -Wall -Wextra -Wshadow
  # Wasm rounds after every operation: never fuse a multiply and an add, never assume anything about NaN.
  -ffp-contract=off -fno-math-errno
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-compilation-dir=.
  -fstack-protector-strong)
if(DEWAR_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  add_compile_options(-march=x86-64-v2)
endif()
if(DEWAR_ASSERTS)
  add_compile_definitions(DEWAR_ASSERTS=1 _GLIBCXX_ASSERTIONS)
else()
  add_compile_definitions(DEWAR_ASSERTS=0)
endif()
if(DEWAR_SANITIZE)
  add_compile_options(-fsanitize=${DEWAR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DEWAR_SANITIZE})
  if(DEWAR_SANITIZE MATCHES "undefined")
    # Core code has no RTTI, which the vptr check needs.
    add_compile_options(-fno-sanitize=vptr)
  endif()
endif()
if(DEWAR_FUZZERS)
  # Cheap coverage feedback for libFuzzer; the dedicated fuzz preset adds comparison tracing.
  add_compile_options(-fsanitize-coverage=inline-8bit-counters,pc-table)
endif()
if(NOT CMAKE_CROSSCOMPILING)
  add_link_options(-fuse-ld=lld)
endif()
if(DEWAR_THINLTO)
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin)
endif()
if(DEWAR_STATIC_RUNTIME)
  # Nothing to look up at start: the loader takes a fifth of the time that an empty run takes. Still at a random address.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LINK_OPTIONS -static-pie -fuse-ld=lld)
  check_cxx_source_compiles("#include <string>\nint main(int c, char** v) { return std::string(v[0]).size() == 1; }"
                            DEWAR_HAS_STATIC_PIE)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  # What runs at the start of a process lies side by side in it (tools/startup_order.py).
  add_compile_options(-ffunction-sections)
  # The two ways exclude each other: -static-libstdc++ lets shared libraries in again.
  add_link_options("$<IF:$<BOOL:$<TARGET_PROPERTY:DEWAR_STATIC>>,-static-pie,-static-libstdc++;-static-libgcc>")
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

find_package(Threads REQUIRED)
if(DEWAR_TESTS AND NOT CMAKE_CROSSCOMPILING)
  find_package(GTest REQUIRED)
elseif(DEWAR_TESTS)
  # The distribution has the library for the build machine only, but its sources for everybody.
  add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  foreach(name IN ITEMS gtest gtest_main gmock)
    target_compile_options(${name} PRIVATE -w)
    if(NOT TARGET GTest::${name})
      add_library(GTest::${name} ALIAS ${name})
    endif()
  endforeach()
endif()

# "exec/interp" -> "dewar_exec_interp"
function(dewar_target_names out)
  set(names "")
  foreach(folder IN LISTS ARGN)
    string(REPLACE "/" "_" name ${folder})
    list(APPEND names dewar_${name})
  endforeach()
  set(${out} ${names} PARENT_SCOPE)
  set_property(GLOBAL APPEND PROPERTY DEWAR_WANTED ${names})
endfunction()

# dewar_library(<folder> SOURCES a.cpp... [DEPS base wasm...] [LIBS fmt::fmt...] [EXCEPTIONS])
# The static library of src/<folder>. Exceptions and RTTI are off unless EXCEPTIONS is given (never in the core).
function(dewar_library folder)
  cmake_parse_arguments(arg "EXCEPTIONS" "" "SOURCES;DEPS;LIBS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dewar_library(${folder}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "/" "_" name ${folder})
  dewar_target_names(deps ${arg_DEPS})
  if(arg_SOURCES)
    add_library(dewar_${name} STATIC ${arg_SOURCES})
    target_include_directories(dewar_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    if(NOT arg_EXCEPTIONS)
      target_compile_options(dewar_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
    endif()
    target_link_libraries(dewar_${name} PUBLIC ${deps} ${arg_LIBS})
  else()
    add_library(dewar_${name} INTERFACE)
    target_include_directories(dewar_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(dewar_${name} INTERFACE ${deps} ${arg_LIBS})
  endif()
endfunction()

# dewar_program(<name> SOURCES main.cpp... [DEPS ...] [LIBS ...] [EXCEPTIONS] [STATIC] [OUTPUT_DIR dir])
# A program; it lands in the top of the build directory. STATIC: with DEWAR_STATIC_RUNTIME it needs no shared library.
function(dewar_program name)
  cmake_parse_arguments(arg "EXCEPTIONS;STATIC" "OUTPUT_DIR" "SOURCES;DEPS;LIBS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dewar_program(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  dewar_target_names(deps ${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  if(NOT arg_EXCEPTIONS)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
  endif()
  target_link_libraries(${name} PRIVATE ${deps} ${arg_LIBS} Threads::Threads)
  if(NOT arg_OUTPUT_DIR)
    set(arg_OUTPUT_DIR ${PROJECT_BINARY_DIR})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${arg_OUTPUT_DIR})
  if(arg_STATIC AND DEWAR_STATIC_RUNTIME AND DEWAR_HAS_STATIC_PIE)
    set(order ${PROJECT_SOURCE_DIR}/cmake/startup_order.txt)
    set_target_properties(${name} PROPERTIES DEWAR_STATIC ON LINK_DEPENDS ${order})
    target_link_options(${name} PRIVATE -Wl,--symbol-ordering-file=${order} -Wl,--no-warn-symbol-ordering)
  endif()
endfunction()

# Time limits are meant for the real machine without instrumentation.
function(dewar_scale_timeout variable)
  if(CMAKE_CROSSCOMPILING)
    math(EXPR scaled "${${variable}} * 10")
    set(${variable} ${scaled} PARENT_SCOPE)
  elseif(DEWAR_SANITIZE)
    math(EXPR scaled "${${variable}} * 4")
    set(${variable} ${scaled} PARENT_SCOPE)
  endif()
endfunction()

# All test programs, without the rest.
add_custom_target(dewar_tests)

# dewar_test(<name> SOURCES x_test.cpp... [DEPS ...] [LIBS ...] [CORPORA] [NO_SANITIZE] [TIMEOUT s] [LABELS ...])
# One GoogleTest program and one ctest entry. It runs in the source root. Labels: `unit`, and `sanitize` (part of the
# sanitizer run) unless NO_SANITIZE; CORPORA marks one that reads the corpora (tests/support/corpora.h).
function(dewar_test name)
  cmake_parse_arguments(arg "CORPORA;NO_SANITIZE" "TIMEOUT" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dewar_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET GTest::gtest)
    return()
  endif()
  dewar_target_names(deps ${arg_DEPS})
  if(CMAKE_CROSSCOMPILING)
    # What is not part of a cross build (src/cli) takes its tests along.
    foreach(dep IN LISTS deps)
      if(NOT TARGET ${dep})
        return()
      endif()
    endforeach()
  endif()
  add_executable(${name} ${arg_SOURCES})
  add_dependencies(dewar_tests ${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  # No RTTI, as in the libraries, so that a test may derive from their classes.
  target_compile_options(${name} PRIVATE -fno-rtti -Wno-missing-field-initializers)
  target_link_libraries(${name} PRIVATE ${deps} ${arg_LIBS} GTest::gmock GTest::gtest GTest::gtest_main
                                        Threads::Threads)
  if(arg_TIMEOUT)
    set(limit TIMEOUT ${arg_TIMEOUT})
  endif()
  set(options "")
  foreach(flag IN ITEMS CORPORA NO_SANITIZE)
    if(arg_${flag})
      list(APPEND options ${flag})
    endif()
  endforeach()
  dewar_test_run(${name} PROGRAM ${name} ${options} ${limit} LABELS unit ${arg_LABELS})
endfunction()

# dewar_test_run(<entry> PROGRAM <test> [ARGS ...] [ENV K=V...] [CORPORA] [NO_SANITIZE] [TIMEOUT s] [LABELS ...])
# One more ctest entry for a program of dewar_test, with other arguments or environment (a row of a test matrix).
function(dewar_test_run entry)
  cmake_parse_arguments(arg "CORPORA;NO_SANITIZE" "PROGRAM;TIMEOUT" "ARGS;ENV;LABELS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dewar_test_run(${entry}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET ${arg_PROGRAM})
    return()
  endif()
  add_test(NAME ${entry} COMMAND ${arg_PROGRAM} ${arg_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set(labels ${arg_LABELS})
  if(NOT arg_NO_SANITIZE)
    list(APPEND labels sanitize)
  endif()
  if(arg_CORPORA)
    list(APPEND labels corpora)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  dewar_scale_timeout(arg_TIMEOUT)
  # tools/test_summary.py counts the tests inside by this report.
  set_tests_properties(${entry} PROPERTIES LABELS "${labels}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "GTEST_OUTPUT=json:${PROJECT_BINARY_DIR}/gtest/${entry}.json;${arg_ENV}")
endfunction()

# dewar_fuzzer(<name> SOURCES x_fuzz.cpp... [DEPS ...] [CORPUS dir...] [DICT file] [MAX_LEN bytes])
# A libFuzzer target (only where DEWAR_FUZZERS is on), and a ctest entry `fuzz_<name>` that first replays the seed
# corpora, then fuzzes for DEWAR_FUZZ_SECONDS. CORPUS directories are read only: absolute, below the source root, or
# "corpora:NAME"; what is found goes to <build>/found/<name>.
function(dewar_fuzzer name)
  cmake_parse_arguments(arg "" "DICT;MAX_LEN" "SOURCES;DEPS;CORPUS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dewar_fuzzer(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT DEWAR_FUZZERS)
    return()
  endif()
  dewar_target_names(deps ${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(${name} PRIVATE -fno-exceptions -fno-rtti)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${deps} Threads::Threads)
  if(NOT arg_MAX_LEN)
    set(arg_MAX_LEN 65536)
  endif()
  set(dict "")
  if(arg_DICT)
    set(dict -dict=${CMAKE_CURRENT_SOURCE_DIR}/${arg_DICT})
  endif()
  set_property(GLOBAL APPEND PROPERTY DEWAR_FUZZ_TARGETS ${name})
  add_test(NAME fuzz_${name}
           COMMAND ${PROJECT_SOURCE_DIR}/tools/run_fuzzer.sh $<TARGET_FILE:${name}>
                   ${PROJECT_BINARY_DIR}/found/${name} ${arg_CORPUS} -- -max_total_time=${DEWAR_FUZZ_SECONDS}
                   -max_len=${arg_MAX_LEN} -timeout=25 -rss_limit_mb=2560 -print_final_stats=1 ${dict}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(fuzz_${name} PROPERTIES LABELS "fuzz;sanitize" TIMEOUT 1200)
endfunction()

# dewar_script_test(<name> COMMAND ... [LABELS ...] [TIMEOUT s]): a test that is a script; exit code 77 means skipped.
function(dewar_script_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  dewar_scale_timeout(arg_TIMEOUT)
  # A script that uses tests/support/test_report.py counts its tests one by one.
  set_tests_properties(${name} PROPERTIES LABELS "script;${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "DEWAR_TEST_REPORT=${PROJECT_BINARY_DIR}/gtest/${name}.json")
endfunction()

# For tools/fuzz.sh: the names of all fuzz targets.
function(dewar_write_fuzz_targets)
  get_property(targets GLOBAL PROPERTY DEWAR_FUZZ_TARGETS)
  list(JOIN targets " " text)
  file(WRITE ${PROJECT_BINARY_DIR}/fuzz_targets.txt "${text}\n")
endfunction()

# At the end of the configuration: a DEPS entry that names no library would only fail at link time, obscurely.
function(dewar_check_deps)
  get_property(wanted GLOBAL PROPERTY DEWAR_WANTED)
  list(REMOVE_DUPLICATES wanted)
  foreach(name IN LISTS wanted)
    if(NOT TARGET ${name} AND NOT CMAKE_CROSSCOMPILING)
      message(FATAL_ERROR "a DEPS list names ${name}, which no folder defines")
    endif()
  endforeach()
endfunction()
