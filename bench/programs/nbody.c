// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gravitation between a few bodies in double precision, by leapfrog steps, and a chain of springs. Only basic arithmetic
// and square roots, so that every IEEE machine computes the same bits.
#include <math.h>

#include "bench.h"

enum { kBodies = 6, kBeads = 200 };

typedef struct {
  double x, y, z, vx, vy, vz, mass;
} Body;

static Body bodies[kBodies];
static double place[kBeads], speed[kBeads];

static void advance(double dt) {
  for (int i = 0; i < kBodies; i++) {
    Body* p = &bodies[i];
    for (int j = i + 1; j < kBodies; j++) {
      Body* q = &bodies[j];
      const double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
      const double d2 = dx * dx + dy * dy + dz * dz + 0.01;
      const double pull = dt / (d2 * sqrt(d2));
      p->vx -= dx * q->mass * pull;
      p->vy -= dy * q->mass * pull;
      p->vz -= dz * q->mass * pull;
      q->vx += dx * p->mass * pull;
      q->vy += dy * p->mass * pull;
      q->vz += dz * p->mass * pull;
    }
  }
  for (int i = 0; i < kBodies; i++) {
    Body* p = &bodies[i];
    p->x += dt * p->vx;
    p->y += dt * p->vy;
    p->z += dt * p->vz;
  }
}

static double energy(void) {
  double e = 0;
  for (int i = 0; i < kBodies; i++) {
    const Body* p = &bodies[i];
    e += p->mass * (p->vx * p->vx + p->vy * p->vy + p->vz * p->vz) / 2;
    for (int j = i + 1; j < kBodies; j++) {
      const Body* q = &bodies[j];
      const double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
      e -= p->mass * q->mass / sqrt(dx * dx + dy * dy + dz * dz + 0.01);
    }
  }
  return e;
}

static void swing(double dt) {
  for (int i = 1; i + 1 < kBeads; i++) speed[i] += dt * (place[i - 1] + place[i + 1] - 2 * place[i]);
  for (int i = 1; i + 1 < kBeads; i++) place[i] += dt * speed[i];
}

static uint64_t bits(double v) {
  uint64_t u;
  memcpy(&u, &v, sizeof u);
  return u;
}

int main(int argc, char** argv) {
  for (int i = 0; i < kBodies; i++)
    bodies[i] = (Body){i * 1.5, i * i * 0.25 - 2, 3.0 / (i + 1), 0.1 * i, 0.3 - 0.05 * i, 0.02 * i, i ? 0.1 * i : 20};
  for (int i = 0; i < kBeads; i++) place[i] = i < 20 ? i * (20 - i) * 0.01 : 0;
  uint64_t sum = 43;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 1000);
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < 4000; i++) advance(0.001);
    for (int i = 0; i < 300; i++) swing(0.05);
    sum = bench_mix(sum, bits(energy()));
    sum = bench_mix(sum, bits(place[kBeads / 2]));
  }
  return bench_report("nbody", sum);
}
