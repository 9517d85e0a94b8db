/* A program cut short anywhere, or with any byte changed, is read without harm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "elf.h"
#include "random.h"

static uint8_t file[512];

static void put(uint32_t at, uint32_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++)
    file[at + i] = (uint8_t)(value >> (8u * i));
}

/* One segment at 0x4400, one symbol "x" of value 0x4402. */
static void make(void) {
  static const uint8_t magic[6] = {0x7f, 'E', 'L', 'F', 1, 1};
  memset(file, 0, sizeof file);
  memcpy(file, magic, sizeof magic);
  put(18, ELF_MACHINE_MSP430, 2);
  put(24, 0x4400, 4);
  put(28, 52, 4);  /* program headers */
  put(32, 100, 4); /* section headers */
  put(44, 1, 2);
  put(48, 2, 2);
  put(52, 1, 4);
  put(56, 300, 4);
  put(64, 0x4400, 4);
  put(68, 4, 4);
  put(104, 2, 4);
  put(116, 320, 4);
  put(120, 16, 4);
  put(124, 1, 4);
  put(140 + 16, 340, 4);
  put(140 + 20, 3, 4);
  put(300, 0xcafef00d, 4);
  put(320, 1, 4);
  put(324, 0x4402, 4);
  file[341] = 'x';
}

static int open_bytes(elf_file *elf, size_t count) {
  char path[] = "/tmp/bo_sim_elfXXXXXX";
  const char *why;
  const int descriptor = mkstemp(path);
  FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
  if (out == NULL || fwrite(file, 1, count, out) != count || fclose(out) != 0)
    return 0;
  const int opened = elf_open(elf, path, &why);
  remove(path);
  return opened;
}

static void nothing(void *context, uint32_t address, const uint8_t *bytes, uint32_t count) {
  uint32_t *sum = context;
  for (uint32_t i = 0; i < count; i++)
    *sum += address + bytes[i];
}

static void reads_segments_and_symbols(void) {
  elf_file elf;
  const uint8_t *bytes;
  uint32_t value = 0;
  make();
  CHECK(open_bytes(&elf, sizeof file));
  CHECK(elf.machine == ELF_MACHINE_MSP430 && elf.entry == 0x4400);
  CHECK(elf_symbol(&elf, "x", &value) && value == 0x4402);
  CHECK(!elf_symbol(&elf, "y", &value));
  CHECK(elf_bytes(&elf, 0x4402, 2, &bytes) && bytes[0] == 0xfe);
  CHECK(!elf_bytes(&elf, 0x4402, 3, &bytes));
  elf_close(&elf);
}

static void survives_any_damage(void) {
  random_source random = random_from(5, 0);
  for (unsigned i = 0; i < 1500; i++) {
    elf_file elf;
    uint32_t sum = 0;
    make();
    for (unsigned changes = 1u + i % 4u; changes != 0u; changes--)
      file[random_below(&random, 360)] = (uint8_t)random_next(&random);
    const size_t size =
        i % 2u == 0u ? sizeof file : (size_t)random_below(&random, sizeof file) + 1u;
    if (!open_bytes(&elf, size))
      continue;
    elf_symbol(&elf, "x", &sum);
    elf_segments(&elf, nothing, &sum);
    elf_close(&elf);
  }
}

void test_elf(void) {
  RUN(reads_segments_and_symbols);
  RUN(survives_any_damage);
}
