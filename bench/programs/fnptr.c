// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls through pointers: expression trees evaluated by node functions, a pipeline of filters, and visitors over shapes
// with tables of methods.
#include "bench.h"

typedef struct Expr Expr;
struct Expr {
  int32_t (*eval)(const Expr*, const int32_t* vars);
  const Expr* a;
  const Expr* b;
  int32_t value;
};

static int32_t eval(const Expr* e, const int32_t* vars) { return e->eval(e, vars); }
static int32_t eval_const(const Expr* e, const int32_t* vars) { (void)vars; return e->value; }
static int32_t eval_var(const Expr* e, const int32_t* vars) { return vars[e->value]; }
static int32_t eval_add(const Expr* e, const int32_t* vars) {
  return (int32_t)((uint32_t)eval(e->a, vars) + (uint32_t)eval(e->b, vars));
}
static int32_t eval_mul(const Expr* e, const int32_t* vars) {
  return (int32_t)((uint32_t)eval(e->a, vars) * (uint32_t)eval(e->b, vars));
}
static int32_t eval_xor(const Expr* e, const int32_t* vars) { return eval(e->a, vars) ^ eval(e->b, vars); }
static int32_t eval_choose(const Expr* e, const int32_t* vars) {
  return eval(e->a, vars) < 0 ? eval(e->b, vars) : e->value;
}

static const Expr* build(uint64_t* state, int depth) {
  static int32_t (*const inner[])(const Expr*, const int32_t*) = {eval_add, eval_mul, eval_xor, eval_choose};
  Expr* e = bench_alloc(sizeof *e);
  memset(e, 0, sizeof *e);
  const uint64_t r = bench_random(state) >> 20;
  if (depth == 0) {
    e->eval = r & 1 ? eval_var : eval_const;
    e->value = (int32_t)(r >> 1 & 7);
    return e;
  }
  e->eval = inner[r & 3];
  e->value = (int32_t)(r >> 8 & 0xffff);
  e->a = build(state, depth - 1);
  e->b = build(state, depth - 1);
  return e;
}

typedef uint32_t (*Filter)(uint32_t, uint32_t);
static uint32_t rotate(uint32_t x, uint32_t k) { return x << (k & 15) | x >> (32 - (k & 15)) % 32; }
static uint32_t scramble(uint32_t x, uint32_t k) { return (x ^ k) * 2654435761u; }
static uint32_t fold(uint32_t x, uint32_t k) { return (x >> 16) + (x << 3) + k; }
static uint32_t pass(uint32_t x, uint32_t k) { return x + k; }

static uint32_t run_pipeline(const Filter* filters, int count, uint32_t x) {
  for (int i = 0; i < count; i++) x = filters[i](x, (uint32_t)i);
  return x;
}

typedef struct Shape Shape;
typedef struct {
  double (*area)(const Shape*);
  void (*grow)(Shape*, double);
} Methods;
struct Shape {
  const Methods* methods;
  double w, h;
};
static double box_area(const Shape* s) { return s->w * s->h; }
static double disc_area(const Shape* s) { return s->w * s->w * 3.0; }
static double wedge_area(const Shape* s) { return s->w * s->h / 2; }
static void grow_both(Shape* s, double by) { s->w += by, s->h += by; }
static void grow_width(Shape* s, double by) { s->w += by; }
static const Methods kinds[] = {{box_area, grow_both}, {disc_area, grow_width}, {wedge_area, grow_both}};

int main(int argc, char** argv) {
  uint64_t state = 424242, sum = 1;
  const Expr* root = build(&state, 11);
  static const Filter stages[] = {rotate, scramble, fold, pass, scramble, rotate, pass, fold};
  Filter filters[8];
  static Shape shapes[300];
  for (int i = 0; i < 300; i++) shapes[i] = (Shape){&kinds[bench_random(&state) % 3], 1 + i % 7, 2 + i % 5};
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 10000);
  for (uint32_t round = 0; round < rounds; round++) {
    int32_t vars[8];
    for (int i = 0; i < 8; i++) vars[i] = (int32_t)bench_random(&state);
    for (int i = 0; i < 4; i++, vars[i]++) sum = bench_mix(sum, (uint32_t)eval(root, vars));
    for (int i = 0; i < 8; i++) filters[i] = stages[(i + round) % 8];
    uint32_t x = round;
    for (int i = 0; i < 800; i++) x = run_pipeline(filters, 8, x);
    sum = bench_mix(sum, x);
    double area = 0;
    for (int i = 0; i < 300; i++) {
      shapes[i].methods->grow(&shapes[i], 0.25);
      area += shapes[i].methods->area(&shapes[i]);
    }
    sum = bench_mix(sum, (uint64_t)area);
  }
  return bench_report("fnptr", sum);
}
