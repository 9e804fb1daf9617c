// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts the words of a file and of standard input, as a small tool would: arguments, environment, buffered and raw files,
// directories, sorting, exit codes.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct word {
  char text[32];
  int count;
};

static struct word words[256];
static size_t n_words;

static void add(const char* text) {
  for (size_t i = 0; i < n_words; ++i) {
    if (strcmp(words[i].text, text) == 0) {
      words[i].count++;
      return;
    }
  }
  if (n_words == sizeof(words) / sizeof(words[0])) exit(9);
  snprintf(words[n_words].text, sizeof(words[0].text), "%s", text);
  words[n_words++].count = 1;
}

static void count(FILE* in) {
  char text[32];
  size_t n = 0;
  for (int c = 0; c != EOF;) {
    c = getc(in);
    if (isalpha(c) && n + 1 < sizeof(text)) {
      text[n++] = (char)tolower(c);
    } else if (n) {
      text[n] = 0;
      add(text);
      n = 0;
    }
  }
}

static int by_count(const void* a, const void* b) {
  const struct word *x = a, *y = b;
  return x->count != y->count ? y->count - x->count : strcmp(x->text, y->text);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s IN OUT\n", argv[0]);
    return 2;
  }
  FILE* in = fopen(argv[1], "r");
  if (!in) {
    fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
    return 3;
  }
  count(in);
  fclose(in);
  count(stdin);
  qsort(words, n_words, sizeof(words[0]), by_count);
  const char* limit = getenv("LIMIT");
  const size_t shown = limit ? (size_t)strtoul(limit, NULL, 10) : n_words;
  FILE* out = fopen(argv[2], "w+");
  if (!out) return 4;
  for (size_t i = 0; i < n_words && i < shown; ++i) fprintf(out, "%-8s%4d %.2f\n", words[i].text, words[i].count, words[i].count / 3.0);
  rewind(out);
  char line[64];
  while (fgets(line, sizeof(line), out)) fputs(line, stdout);
  fclose(out);

  struct stat st;
  if (stat(argv[2], &st) != 0) return 5;
  printf("%lld bytes, %zu words\n", (long long)st.st_size, n_words);
  DIR* dir = opendir("/data");
  if (!dir) return 6;
  int entries = 0;
  for (struct dirent* e; (e = readdir(dir));) entries += e->d_name[0] != '.';
  closedir(dir);
  const int fd = open("/data/none", O_RDONLY);
  printf("%d entries, open of none: %d %s\n", entries, fd, strerror(errno));
  if (rename(argv[2], "/data/renamed") != 0 || unlink("/data/renamed") != 0) return 7;
  return 42;
}
