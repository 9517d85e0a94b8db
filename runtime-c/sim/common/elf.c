#include "elf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 52, PROGRAM_HEADER_BYTES = 32, SECTION_HEADER_BYTES = 40, SYMBOL_BYTES = 16 };
enum { LOADED = 1, SYMBOL_TABLE = 2 };
enum { LARGEST_FILE = 64 << 20 };

static uint32_t u16(const uint8_t *at) { return (uint32_t)(at[0] | at[1] << 8); }
static uint32_t u32(const uint8_t *at) { return u16(at) | u16(at + 2) << 16; }

static int inside(const elf_file *elf, uint32_t offset, uint32_t count) {
  return offset <= elf->size && count <= elf->size - offset;
}

/* Number `index` of a table of headers; null outside the file. */
static const uint8_t *entry_of(const elf_file *elf, uint32_t table, uint32_t index,
                               uint32_t bytes) {
  const uint64_t offset = (uint64_t)table + (uint64_t)index * bytes;
  return offset <= elf->size && bytes <= elf->size - offset ? elf->bytes + offset : NULL;
}

int elf_open(elf_file *elf, const char *path, const char **why) {
  *elf = (elf_file){0};
  *why = "cannot be read";
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    return 0;
  long size = -1;
  if (fseek(file, 0, SEEK_END) == 0)
    size = ftell(file);
  if (size > 0 && size <= LARGEST_FILE && fseek(file, 0, SEEK_SET) == 0) {
    elf->bytes = malloc((size_t)size);
    elf->size = (uint32_t)size;
    if (elf->bytes != NULL && fread(elf->bytes, 1, (size_t)size, file) == (size_t)size)
      *why = NULL;
  }
  fclose(file);
  static const uint8_t magic[6] = {0x7f, 'E', 'L', 'F', 1, 1};
  if (*why == NULL && (elf->size < HEADER_BYTES || memcmp(elf->bytes, magic, sizeof magic) != 0))
    *why = "is no 32-bit little-endian ELF file";
  if (*why != NULL) {
    elf_close(elf);
    return 0;
  }
  elf->machine = (uint16_t)u16(elf->bytes + 18);
  elf->entry = u32(elf->bytes + 24);
  return 1;
}

void elf_close(elf_file *elf) {
  free(elf->bytes);
  *elf = (elf_file){0};
}

int elf_segments(const elf_file *elf, elf_segment *each, void *context) {
  const uint32_t table = u32(elf->bytes + 28), count = u16(elf->bytes + 44);
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *header = entry_of(elf, table, i, PROGRAM_HEADER_BYTES);
    if (header == NULL)
      return 0;
    const uint32_t offset = u32(header + 4), address = u32(header + 12), bytes = u32(header + 16);
    if (u32(header) != LOADED || bytes == 0u)
      continue;
    if (!inside(elf, offset, bytes))
      return 0;
    each(context, address, elf->bytes + offset, bytes);
  }
  return 1;
}

/* A symbol with its name, or null; `name` lies in the file up to its end. */
typedef struct {
  const uint8_t *symbol;
  const char *name;
  size_t room; /**< bytes up to the end of the file */
} named;

typedef int visit(void *context, const named *each);

/* Until a visit answers 1. */
static int each_symbol(const elf_file *elf, visit *each, void *context) {
  const uint32_t sections = u32(elf->bytes + 32), count = u16(elf->bytes + 48);
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *header = entry_of(elf, sections, i, SECTION_HEADER_BYTES);
    if (header == NULL || u32(header + 4) != SYMBOL_TABLE)
      continue;
    const uint8_t *strings = entry_of(elf, sections, u32(header + 24), SECTION_HEADER_BYTES);
    if (strings == NULL)
      continue;
    const uint32_t symbols = u32(header + 20) / SYMBOL_BYTES;
    for (uint32_t s = 0; s < symbols; s++) {
      const uint8_t *symbol = entry_of(elf, u32(header + 16), s, SYMBOL_BYTES);
      if (symbol == NULL)
        break;
      const uint64_t at = (uint64_t)u32(strings + 16) + u32(symbol);
      if (at >= elf->size)
        continue;
      const named one = {symbol, (const char *)elf->bytes + at, elf->size - (size_t)at};
      if (each(context, &one))
        return 1;
    }
  }
  return 0;
}

typedef struct {
  const char *name;
  uint32_t *value;
} sought;

static int is_sought(void *context, const named *each) {
  const sought *s = context;
  const size_t length = strlen(s->name) + 1u;
  if (each->room < length || memcmp(each->name, s->name, length) != 0)
    return 0;
  *s->value = u32(each->symbol + 4);
  return 1;
}

int elf_symbol(const elf_file *elf, const char *name, uint32_t *value) {
  sought s = {name, value};
  return each_symbol(elf, is_sought, &s);
}

typedef struct {
  const elf_file *elf;
  elf_code *each;
  void *context;
} code_visit;

static int visit_code(void *context, const named *each) {
  enum { FUNCTION = 2, GLOBAL = 1, EXECUTABLE = 4 };
  const code_visit *v = context;
  const uint32_t section = u16(each->symbol + 14);
  const uint8_t *header =
      section < u16(v->elf->bytes + 48)
          ? entry_of(v->elf, u32(v->elf->bytes + 32), section, SECTION_HEADER_BYTES)
          : NULL;
  if (header != NULL && (u32(header + 8) & EXECUTABLE) != 0u &&
      ((each->symbol[12] & 0xfu) == FUNCTION || each->symbol[12] >> 4 == GLOBAL) &&
      memchr(each->name, 0, each->room) != NULL)
    v->each(v->context, each->name, u32(each->symbol + 4));
  return 0;
}

void elf_each_code(const elf_file *elf, elf_code *each, void *context) {
  code_visit v = {elf, each, context};
  each_symbol(elf, visit_code, &v);
}

typedef struct {
  uint32_t address, count;
  const uint8_t *found;
} search;

static void look(void *context, uint32_t address, const uint8_t *bytes, uint32_t count) {
  search *wanted = context;
  if (wanted->address >= address && wanted->address - address <= count &&
      wanted->count <= count - (wanted->address - address))
    wanted->found = bytes + (wanted->address - address);
}

int elf_bytes(const elf_file *elf, uint32_t address, uint32_t count, const uint8_t **bytes) {
  search wanted = {address, count, NULL};
  if (!elf_segments(elf, look, &wanted) || wanted.found == NULL)
    return 0;
  *bytes = wanted.found;
  return 1;
}
