/* Reset of the MSP430FR5994: watchdog off, .data and .bss, main(). Interrupts stay off. */
    .text
    .global bo_reset, bo_unexpected
bo_reset:
    mov     #bo_stack_top, r1
    mov     #0x5a80, &0x015c
    mov     #bo_data_load, r12
    mov     #bo_data_start, r13
1:  cmp     #bo_data_end, r13
    jeq     2f
    mov     0(r12), r14
    mov     r14, 0(r13)
    incd    r12
    incd    r13
    jmp     1b
2:  mov     #bo_bss_start, r13
3:  cmp     #bo_bss_end, r13
    jeq     4f
    mov     #0, 0(r13)
    incd    r13
    jmp     3b
#ifdef __MSP430X_LARGE__
4:  calla   #main
#else
4:  call    #main
#endif
bo_unexpected:
    jmp     bo_unexpected

/* 0xffb4 .. 0xfffe; 0xff80 .. 0xffb3 are signatures and stay erased. */
    .section .vectors, "a"
    .word   bo_lea_isr
    .rept 36
    .word   bo_unexpected
    .endr
    .word   bo_reset
