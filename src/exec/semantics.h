// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The meaning of every numeric and SIMD opcode, once: one inline function per row of wasm/ops.def, with the row's name.
// Used by the interpreter, constant expressions, tests, and by compilers for opcodes that they do not encode.
//
// Shape: operands in stack order (bottom first), i32 as u32, i64 as u64, f32/f64 as float/double, v128 as V128; the
// result is returned, comparisons as u32. Operations that can trap take an extra reference for the result, written only
// if NumTrap::none is returned. Lane immediates follow the operands as u8. Loads and stores with lanes take or give the
// value in memory instead of an address.
#pragma once

#include "exec/semantics_convert.h"
#include "exec/semantics_float.h"
#include "exec/semantics_int.h"
#include "exec/semantics_relaxed.h"
#include "exec/semantics_simd_convert.h"
#include "exec/semantics_simd_float.h"
#include "exec/semantics_simd_int.h"
#include "exec/semantics_simd_lane.h"
#include "exec/semantics_simd_widen.h"
