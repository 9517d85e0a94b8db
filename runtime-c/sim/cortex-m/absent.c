#include "board.h"

#include <stddef.h>

const int board_has_msp432p401r = 0;

board *board_msp432p401r(const elf_file *elf, const board_options *options, const char **why) {
  (void)elf;
  (void)options;
  *why = "cannot run: this bo_sim was built without libunicorn (libunicorn-dev)";
  return NULL;
}
