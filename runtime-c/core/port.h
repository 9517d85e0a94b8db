/**
 * What a board gives to the core. A port is one folder that defines these.
 *
 * The guarantee that the protocol needs of the medium: inside one write, bytes (or aligned 16-bit
 * words) reach NVM whole and in ascending order; a cut leaves a prefix. Between two writes nothing
 * is promised until bo_port_confirm() returns. See GUARANTEES.md.
 */
#ifndef BROWNOUT_PORT_H
#define BROWNOUT_PORT_H

#include <stdint.h>

/** The VM that a batch works in; loses its contents with every power failure. 4-byte aligned. */
extern uint32_t bo_vm[];
/** Bytes of bo_vm, as platform.h sizes it. */
uint32_t bo_port_vm_bytes(void);

/** Clocks, pins, memory; once after reset. */
void bo_port_init(void);

/** Reads `bytes` bytes, any number, at any NVM address to any place. Sees every earlier write. */
void bo_port_nvm_read(uint32_t address, void *to, uint16_t bytes);

/** Writes `bytes` bytes, any number, at any NVM address from any place; may return before they are
 * there. */
void bo_port_nvm_write(uint32_t address, const void *from, uint16_t bytes);

/** Returns when every earlier write has reached NVM. */
void bo_port_confirm(void);

/**
 * After each commit. A board built with BO_AFTER_COMMIT_SLEEP switches itself off here until the
 * capacitor is full and comes back through reset; where it stays powered, or under run_on, this
 * returns.
 */
void bo_port_after_commit(void);

/**
 * Bytes of the image to provision an external NVM from, nvm.bin as linked into the program memory;
 * 0 where the NVM is programmed with the program.
 */
uint32_t bo_port_image_bytes(void);
/** Reads `bytes` bytes of it from `at` on; it may lie where no pointer reaches. */
void bo_port_image_read(uint32_t at, void *to, uint16_t bytes);

#endif
