/** The parts of a 32-bit little-endian ELF program that a simulator needs. */
#ifndef BROWNOUT_SIM_ELF_H
#define BROWNOUT_SIM_ELF_H

#include <stdint.h>

enum { ELF_MACHINE_ARM = 40, ELF_MACHINE_MSP430 = 105 };

typedef struct {
  uint8_t *bytes;
  uint32_t size;
  uint32_t entry;
  uint16_t machine;
} elf_file;

/** 0 where it cannot be read or is no such program; `*why` says it. */
int elf_open(elf_file *elf, const char *path, const char **why);
void elf_close(elf_file *elf);

typedef void elf_segment(void *context, uint32_t address, const uint8_t *bytes, uint32_t count);
/** Each loaded segment's bytes at its load address; 0 where one lies outside the file. */
int elf_segments(const elf_file *elf, elf_segment *each, void *context);

/** A symbol's value; 0 where there is none of that name. */
int elf_symbol(const elf_file *elf, const char *name, uint32_t *value);
typedef void elf_code(void *context, const char *name, uint32_t address);
/** Each named place in code that is global or a function, in the order of the file. */
void elf_each_code(const elf_file *elf, elf_code *each, void *context);
/** Whether `count` bytes at load address `address` are in the file; `*bytes` points to them. */
int elf_bytes(const elf_file *elf, uint32_t address, uint32_t count, const uint8_t **bytes);

#endif
