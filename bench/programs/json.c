// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// JSON: a generator that writes a document into a buffer, a recursive-descent parser that builds a tree from it (with
// escapes, numbers and nesting), a walk over the tree and a writer that must give the same text again.
#include "bench.h"

typedef enum { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject } Kind;
typedef struct Value Value;
struct Value {
  Kind kind;
  double number;
  char* text;   // kString
  char* name;   // in an object
  Value* first; // kArray, kObject
  Value* next;
};

static char* arena;
static size_t arena_used, arena_size;
static void* take(size_t bytes) {
  bytes = (bytes + 7) & ~(size_t)7;
  if (arena_size - arena_used < bytes) exit(1);
  void* p = arena + arena_used;
  arena_used += bytes;
  return p;
}

static const char* at;
static void fail_parse(void) {
  fprintf(stderr, "parse error near '%.20s'\n", at);
  exit(1);
}
static void space(void) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}
static void expect(char c) {
  space();
  if (*at++ != c) fail_parse();
}

static char* parse_string(void) {
  expect('"');
  const char* end = at;
  while (*end && *end != '"') end += *end == '\\' ? 2 : 1;
  char* out = take((size_t)(end - at) + 1);
  char* to = out;
  while (*at != '"') {
    if (!*at) fail_parse();
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    switch (at[1]) {
      case 'n': *to++ = '\n'; break;
      case 't': *to++ = '\t'; break;
      case '"': case '\\': case '/': *to++ = at[1]; break;
      default: fail_parse();
    }
    at += 2;
  }
  at++;
  *to = 0;
  return out;
}

static double parse_number(void) {
  const int negative = *at == '-';
  if (negative) at++;
  double v = 0;
  if (*at < '0' || *at > '9') fail_parse();
  while (*at >= '0' && *at <= '9') v = v * 10 + (*at++ - '0');
  if (*at == '.') {
    double unit = 0.1;
    for (at++; *at >= '0' && *at <= '9'; unit /= 10) v += (*at++ - '0') * unit;
  }
  return negative ? -v : v;
}

static Value* parse_value(int depth) {
  if (depth > 200) fail_parse();
  Value* v = take(sizeof *v);
  memset(v, 0, sizeof *v);
  space();
  if (*at == '"') {
    v->kind = kString;
    v->text = parse_string();
  } else if (*at == '{' || *at == '[') {
    const int object = *at == '{';
    const char close = object ? '}' : ']';
    v->kind = object ? kObject : kArray;
    Value** link = &v->first;
    at++;
    space();
    if (*at == close) {
      at++;
      return v;
    }
    for (;;) {
      char* name = NULL;
      if (object) {
        name = parse_string();
        expect(':');
      }
      *link = parse_value(depth + 1);
      (*link)->name = name;
      link = &(*link)->next;
      space();
      if (*at == close) break;
      expect(',');
      space();
    }
    at++;
  } else if (!strncmp(at, "true", 4)) {
    v->kind = kTrue, at += 4;
  } else if (!strncmp(at, "false", 5)) {
    v->kind = kFalse, at += 5;
  } else if (!strncmp(at, "null", 4)) {
    at += 4;
  } else {
    v->kind = kNumber;
    v->number = parse_number();
  }
  return v;
}

static char* put;
static void put_text(const char* s) {
  while (*s) *put++ = *s++;
}
static void put_string(const char* s) {
  *put++ = '"';
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') *put++ = '\\', *put++ = *s;
    else if (*s == '\n') put_text("\\n");
    else if (*s == '\t') put_text("\\t");
    else *put++ = *s;
  }
  *put++ = '"';
}
static void put_number(double v) {
  char digits[24];
  int n = 0;
  if (v < 0) *put++ = '-', v = -v;
  uint64_t hundredths = (uint64_t)(v * 100 + 0.5);
  const uint64_t fraction = hundredths % 100;
  uint64_t whole = hundredths / 100;
  do digits[n++] = (char)('0' + whole % 10); while (whole /= 10);
  while (n) *put++ = digits[--n];
  if (fraction) {
    *put++ = '.';
    *put++ = (char)('0' + fraction / 10);
    if (fraction % 10) *put++ = (char)('0' + fraction % 10);
  }
}
static void write_value(const Value* v) {
  switch (v->kind) {
    case kNull: put_text("null"); break;
    case kFalse: put_text("false"); break;
    case kTrue: put_text("true"); break;
    case kNumber: put_number(v->number); break;
    case kString: put_string(v->text); break;
    case kArray:
    case kObject:
      *put++ = v->kind == kArray ? '[' : '{';
      for (const Value* e = v->first; e; e = e->next) {
        if (e != v->first) *put++ = ',';
        if (e->name) put_string(e->name), *put++ = ':';
        write_value(e);
      }
      *put++ = v->kind == kArray ? ']' : '}';
  }
}

static uint64_t state = 31337;
static void generate(int depth) {
  static const char* const words[] = {"alpha", "beta \"two\"", "gamma", "a\\b", "line\nbreak", "x", "identifier", ""};
  const uint64_t r = bench_random(&state) >> 16;
  const uint32_t kind = depth == 0 ? 5 + (uint32_t)(r & 1) : (uint32_t)(r % (depth < 5 ? 7 : 5));
  switch (kind) {
    case 0: put_text(r & 64 ? "true" : "null"); break;
    case 1: case 2: put_number((double)(r >> 8 & 0xfffff) / (r & 128 ? 4 : 1) - 1000); break;
    case 3: case 4: put_string(words[r >> 8 & 7]); break;
    default: {
      const int count = depth == 0 ? 300 : (int)(r >> 8 & 7);
      *put++ = kind == 5 ? '[' : '{';
      for (int i = 0; i < count; i++) {
        if (i) *put++ = ',';
        if (kind == 6) put_string(words[(r >> 12) + (uint64_t)i & 7]), *put++ = ':';
        generate(depth + 1);
      }
      *put++ = kind == 5 ? ']' : '}';
    }
  }
}

static uint64_t digest(const Value* v, uint64_t sum) {
  sum = bench_mix(sum, v->kind);
  if (v->kind == kNumber) sum = bench_mix(sum, (uint64_t)(int64_t)(v->number * 4));
  if (v->kind == kString) sum = bench_mix(sum, strlen(v->text));
  for (const Value* e = v->first; e; e = e->next) sum = digest(e, sum);
  return sum;
}

int main(int argc, char** argv) {
  enum { kBuffer = 1 << 20 };
  char* text = bench_alloc(kBuffer);
  char* again = bench_alloc(kBuffer);
  arena_size = 8 << 20;
  arena = bench_alloc(arena_size);
  uint64_t sum = 23;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 1800);
  for (uint32_t round = 0; round < rounds; round++) {
    put = text;
    generate(0);
    *put = 0;
    const size_t length = (size_t)(put - text);
    arena_used = 0;
    at = text;
    const Value* root = parse_value(0);
    put = again;
    write_value(root);
    *put = 0;
    if ((size_t)(put - again) != length || memcmp(text, again, length)) fail_parse();
    sum = bench_mix(digest(root, sum), length);
  }
  return bench_report("json", sum);
}
