/** run_torture program.elf...: each one's hashes against those of this machine. */
#include <string.h>

#include "check.h"
#include "elf.h"
#include "machine.h"
#include "torture.h"

static void load(void *context, uint32_t address, const uint8_t *bytes, uint32_t count) {
  msp430x *m = context;
  memcpy(m->memory + address, bytes, count);
}

static int run(const char *path) {
  elf_file elf;
  const char *why;
  uint32_t end, hashes;
  if (!elf_open(&elf, path, &why) || !elf_symbol(&elf, "bo_unexpected", &end) ||
      !elf_symbol(&elf, "torture_hashes", &hashes)) {
    printf("FAIL torture %s: no such program\n", path);
    return 0;
  }
  msp430x *m = msp430x_new();
  elf_segments(&elf, load, m);
  msp430x_power_on(m, 1);
  m->stop_at = end;
  int right = msp430x_run(m, 50000000) == MACHINE_STOPPED && m->count.warnings == 0u;
  for (unsigned i = 0; i < TORTURE_HASHES; i++) {
    uint32_t seen;
    memcpy(&seen, m->memory + hashes + 4u * i, 4);
    right = right && seen == torture_hashes[i];
  }
  const char *name = strrchr(path, '/');
  printf("%s torture %s: %llu instructions, %llu cycles\n", right ? "ok" : "FAIL",
         name == NULL ? path : name + 1, (unsigned long long)m->count.instructions,
         (unsigned long long)m->count.cycles);
  msp430x_free(m);
  elf_close(&elf);
  return right;
}

int main(int count, char **words) {
  int passed = 0;
  torture_run();
  for (int i = 1; i < count; i++)
    passed += run(words[i]);
  printf("%d passed, %d failed\n", passed, count - 1 - passed);
  return passed != count - 1;
}
