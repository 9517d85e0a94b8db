/*
 * What clang for MSP430 has no mnemonics for (SLAU367 chapter "CPUX"), as words. The small code
 * model alone calls it: in the large one GCC writes 20 bits by itself.
 */
#ifndef __MSP430X_LARGE__
    /* void bo_write_20_bits(uint16_t low, uint16_t high, uint16_t register) */
    .section .text.bo_write_20_bits, "ax"
    .global bo_write_20_bits
bo_write_20_bits:
    push    r13
    push    r12
    .word   0x160c                  /* popm.a #1, r12 */
    .word   0x1800, 0x4cce, 0x0000  /* movx.a r12, 0(r14) */
    ret
#endif
