// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Binary search trees of malloc'ed nodes: random insertion, search, rotation on the way (treap), and freeing. Stresses
// the allocator, pointer chasing and recursion.
#include "bench.h"

typedef struct Node Node;
struct Node {
  Node* left;
  Node* right;
  uint32_t key;
  uint32_t priority;
};

static uint64_t random_state = 88172645463325252u;

static Node* rotate_right(Node* n) {
  Node* up = n->left;
  n->left = up->right;
  up->right = n;
  return up;
}

static Node* rotate_left(Node* n) {
  Node* up = n->right;
  n->right = up->left;
  up->left = n;
  return up;
}

static Node* insert(Node* n, uint32_t key) {
  if (!n) {
    n = bench_alloc(sizeof *n);
    n->left = n->right = NULL;
    n->key = key;
    n->priority = (uint32_t)bench_random(&random_state);
    return n;
  }
  if (key < n->key) {
    n->left = insert(n->left, key);
    if (n->left->priority > n->priority) return rotate_right(n);
  } else if (key > n->key) {
    n->right = insert(n->right, key);
    if (n->right->priority > n->priority) return rotate_left(n);
  }
  return n;
}

static Node* remove_key(Node* n, uint32_t key) {
  if (!n) return NULL;
  if (key < n->key) {
    n->left = remove_key(n->left, key);
  } else if (key > n->key) {
    n->right = remove_key(n->right, key);
  } else if (!n->left || !n->right) {
    Node* rest = n->left ? n->left : n->right;
    free(n);
    return rest;
  } else if (n->left->priority > n->right->priority) {
    n = rotate_right(n);
    n->right = remove_key(n->right, key);
  } else {
    n = rotate_left(n);
    n->left = remove_key(n->left, key);
  }
  return n;
}

static uint64_t walk(const Node* n, uint32_t depth, uint64_t sum) {
  if (!n) return sum;
  sum = walk(n->left, depth + 1, sum);
  sum = bench_mix(sum, (uint64_t)n->key << 8 | depth);
  return walk(n->right, depth + 1, sum);
}

static void drop(Node* n) {
  if (!n) return;
  drop(n->left);
  drop(n->right);
  free(n);
}

int main(int argc, char** argv) {
  uint64_t sum = 7;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 36);
  for (uint32_t round = 0; round < rounds; round++) {
    Node* root = NULL;
    for (int i = 0; i < 40000; i++) root = insert(root, (uint32_t)(bench_random(&random_state) % 100000));
    for (int i = 0; i < 20000; i++) root = remove_key(root, (uint32_t)(bench_random(&random_state) % 100000));
    sum = walk(root, 0, sum);
    drop(root);
  }
  return bench_report("bintree", sum);
}
