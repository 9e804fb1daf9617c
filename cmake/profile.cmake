# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Code that reads, validates and compiles modules is built with a profile of itself: which way its branches go, and what
# is worth inlining, across files, too (ThinLTO). cmake/hot_profile.txt is the profile of the hot functions, as text;
# tools/hot_profile.py makes and checks it. A function that has changed since loses its part, and nothing else happens.
# No source of the interpreter takes part.
#
# DEWAR_PROFILE: `off`; `use`, for what is shipped; `make`, for the tool: programs count, and write what they counted.
set(DEWAR_PROFILE "off" CACHE STRING "Profile of the hot code: off, use (cmake/hot_profile.txt), make")

set(dewar_profile_text ${PROJECT_SOURCE_DIR}/cmake/hot_profile.txt)
set(dewar_profile ${PROJECT_BINARY_DIR}/hot_profile.profdata)
# Names of functions with internal linkage begin with the file's name, wherever it lies.
set(dewar_profile_names -mllvm=-static-func-full-module-prefix=false)
set(DEWAR_HOT_OPTIONS "")

# The one that belongs to the compiler: others write what it cannot read.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} --print-prog-name=llvm-profdata OUTPUT_VARIABLE dewar_tool
                OUTPUT_STRIP_TRAILING_WHITESPACE)
# For the tool: hashes depend on it.
string(REGEX REPLACE "[.].*" "" dewar_major ${CMAKE_CXX_COMPILER_VERSION})
set(DEWAR_COMPILER "clang ${dewar_major}" CACHE INTERNAL "")
find_program(DEWAR_PROFDATA NAMES "${dewar_tool}" NO_DEFAULT_PATH)
# Where the compiler has none, it names whichever is in the PATH.
if(DEWAR_PROFDATA)
  execute_process(COMMAND ${DEWAR_PROFDATA} --version OUTPUT_VARIABLE dewar_version ERROR_QUIET)
  if(NOT dewar_version MATCHES "version ${dewar_major}[.]")
    set(DEWAR_PROFDATA "DEWAR_PROFDATA-NOTFOUND" CACHE FILEPATH "" FORCE)
  endif()
endif()

# Sets DEWAR_HOT_OPTIONS, or says why not.
function(dewar_read_profile)
  set(consequence "the program is built without its profile, and takes a quarter longer to compile modules")
  if(NOT DEWAR_PROFDATA)
    message(STATUS "No llvm-profdata belongs to ${CMAKE_CXX_COMPILER} (package llvm has it, tools/setup.sh installs it): "
                   "${consequence}")
    return()
  endif()
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${dewar_profile_text})
  # A line is a function; llvm-profdata wants a line for each word, and an empty one between functions.
  file(READ ${dewar_profile_text} text)
  string(REGEX REPLACE "#[^\n]*\n" "" text "${text}")
  string(REPLACE "\n" "\n\n" text "${text}")
  string(REPLACE " " "\n" text "${text}")
  file(WRITE ${dewar_profile}.txt ":ir\n${text}")
  execute_process(COMMAND ${DEWAR_PROFDATA} merge ${dewar_profile}.txt -o ${dewar_profile}.new
                  RESULT_VARIABLE status ERROR_VARIABLE error)
  if(NOT status EQUAL 0)
    message(STATUS "${DEWAR_PROFDATA} cannot read cmake/hot_profile.txt: ${consequence}. ${error}")
    return()
  endif()
  file(COPY_FILE ${dewar_profile}.new ${dewar_profile} ONLY_IF_DIFFERENT)
  # What the profile does not know, or knows as it was, is nobody's mistake.
  set(options -fprofile-use=${dewar_profile} -Wno-backend-plugin -Wno-profile-instr-unprofiled
      -Wno-profile-instr-out-of-date ${dewar_profile_names})
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -flto=thin)
  set(CMAKE_REQUIRED_LINK_OPTIONS -flto=thin -fuse-ld=lld)
  check_cxx_source_compiles("int main() { return 0; }" DEWAR_HAS_THINLTO)
  if(DEWAR_HAS_THINLTO)
    list(APPEND options -flto=thin)
    add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${PROJECT_BINARY_DIR}/thinlto)
  endif()
  set(DEWAR_HOT_OPTIONS ${options} PARENT_SCOPE)
endfunction()

if(DEWAR_PROFILE STREQUAL "use" AND NOT CMAKE_CROSSCOMPILING)
  dewar_read_profile()
elseif(DEWAR_PROFILE STREQUAL "make")
  set(DEWAR_HOT_OPTIONS -fprofile-generate -mllvm=-disable-vp ${dewar_profile_names})
  add_link_options(-fprofile-generate)
endif()

# dewar_hot(<source>...): these sources of this folder take part in the profile.
function(dewar_hot)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  set_property(GLOBAL APPEND PROPERTY DEWAR_HOT_SOURCES ${paths})
  if(DEWAR_HOT_OPTIONS)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS ${DEWAR_HOT_OPTIONS})
    if(DEWAR_PROFILE STREQUAL "use")
      set_property(SOURCE ${ARGN} APPEND PROPERTY OBJECT_DEPENDS ${dewar_profile})
    endif()
  endif()
endfunction()

# For tools/hot_profile.py --check: the paths of all of them.
function(dewar_write_hot_sources)
  get_property(paths GLOBAL PROPERTY DEWAR_HOT_SOURCES)
  list(JOIN paths "\n" text)
  file(WRITE ${PROJECT_BINARY_DIR}/hot_sources.txt "${text}\n")
endfunction()
