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

    /* void bo_dma_addresses(uint32_t to, uint32_t from): DMA0DA and DMA0SA */
    .section .text.bo_dma_addresses, "ax"
    .global bo_dma_addresses
bo_dma_addresses:
    push    r13
    push    r12
    .word   0x160c                  /* popm.a #1, r12 */
    .word   0x1800, 0x4cc2, 0x0516  /* movx.a r12, &DMA0DA */
    push    r15
    push    r14
    .word   0x160e                  /* popm.a #1, r14 */
    .word   0x1800, 0x4ec2, 0x0512  /* movx.a r14, &DMA0SA */
    ret
#endif
