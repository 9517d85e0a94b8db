/*
 * Shifts by a variable count (MSP430 EABI): value in r12 or r13:r12, count in r13 or r14.
 * Clang's own C for these takes some 20 instructions a bit.
 */
    .macro  begin name
    .section .text.\name, "ax"
    .global \name
\name:
    .endm

    begin   __mspabi_slli
    jmp     2f
1:  rla     r12
    dec     r13
2:  tst     r13
    jne     1b
    ret

    begin   __mspabi_srli
    jmp     2f
1:  clrc
    rrc     r12
    dec     r13
2:  tst     r13
    jne     1b
    ret

    begin   __mspabi_srai
    jmp     2f
1:  rra     r12
    dec     r13
2:  tst     r13
    jne     1b
    ret

    /* 16 bits at once by a move. */
    begin   __mspabi_slll
    cmp     #16, r14
    jlo     2f
    mov     r12, r13
    clr     r12
    sub     #16, r14
    jmp     2f
1:  rla     r12
    rlc     r13
    dec     r14
2:  tst     r14
    jne     1b
    ret

    begin   __mspabi_srll
    cmp     #16, r14
    jlo     2f
    mov     r13, r12
    clr     r13
    sub     #16, r14
    jmp     2f
1:  clrc
    rrc     r13
    rrc     r12
    dec     r14
2:  tst     r14
    jne     1b
    ret

    begin   __mspabi_sral
    jmp     2f
1:  rra     r13
    rrc     r12
    dec     r14
2:  tst     r14
    jne     1b
    ret
