#include "profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  const char *name;
  uint32_t address;
} function;

typedef struct {
  function *list;
  size_t count, room;
} functions;

void profile_start(function_profile *p, board *b) {
  p->taken.instructions = calloc(BOARD_PROFILE_SLOTS, sizeof(uint64_t));
  p->taken.cycles = calloc(BOARD_PROFILE_SLOTS, sizeof(uint64_t));
  if (p->taken.instructions == NULL || p->taken.cycles == NULL) {
    perror("bo_sim");
    exit(1);
  }
  b->profile(b, &p->taken);
}

static void collect(void *context, const char *name, uint32_t address) {
  functions *all = context;
  /* ARM's mapping symbols. */
  if (name[0] == '$' || name[0] == 0)
    return;
  if (all->count == all->room) {
    all->room = 2u * all->room + 256u;
    function *grown = realloc(all->list, all->room * sizeof *grown);
    if (grown == NULL)
      return;
    all->list = grown;
  }
  /* The lowest bit says Thumb. */
  all->list[all->count++] = (function){name, address & ~1u};
}

static int by_address(const void *a, const void *b) {
  const function *x = a, *y = b;
  return x->address < y->address ? -1 : x->address > y->address;
}

int profile_write(function_profile *p, const elf_file *elf, const char *path) {
  functions all = {0};
  elf_each_code(elf, collect, &all);
  if (all.count != 0u)
    qsort(all.list, all.count, sizeof *all.list, by_address);
  FILE *file = fopen(path, "w");
  if (file != NULL)
    fprintf(file, "function,instructions,cycles\n");
  for (size_t i = 0; i < all.count && file != NULL; i++) {
    const uint32_t from = all.list[i].address >> 1;
    const uint32_t to = i + 1u < all.count ? all.list[i + 1u].address >> 1 : BOARD_PROFILE_SLOTS;
    uint64_t instructions = 0, cycles = 0;
    for (uint32_t at = from; at < to && at < BOARD_PROFILE_SLOTS; at++) {
      instructions += p->taken.instructions[at];
      cycles += p->taken.cycles[at];
    }
    if (instructions != 0u)
      fprintf(file, "%s,%" PRIu64 ",%" PRIu64 "\n", all.list[i].name, instructions, cycles);
  }
  free(all.list);
  free(p->taken.instructions);
  free(p->taken.cycles);
  return file != NULL && fclose(file) == 0;
}
