/*
 * The Cortex-M4 twin of bo_windows_s16(): SMLAD, two products each, and two outputs at a time, which
 * share a stream: two channels of a pixel share its input; in a tile of one channel two pixels share
 * the weights. LDM loads several words, of what starts on 4 bytes alone; LDR loads one, from
 * anywhere (CCR.UNALIGN_TRP is 0, as after reset).
 *
 *   r2        S, what is shared
 *   r7, r11   A and B, the two others
 *   r0, r1    their sums
 *
 * Eight elements of each are a block, and BLOCKS of them stand in a row, entered where as many are
 * left as are needed: `aligned` where S, A and B start on 4 bytes, `apart` where S does not, `split`
 * where B does not. Who enters leaves the way back in the frame, at AFTER_ALIGNED and so on.
 *
 * Three walks over a tile's outputs, each with a frame of its own: `even` and `odd` where a window
 * is one run of elements, even or odd in number, and `lines` for all else. Where windows are of an
 * odd length, A and B are two windows apart: of four windows 0 and 2 come first, then 1 and 3.
 */
        .syntax unified
        .thumb

        .equ    BLOCKS, 10
        .equ    ALIGNED_BYTES, 42       /* of code, a block */
        .equ    APART_BYTES, 56
        .equ    PAIR_BYTES, 20          /* of code, two elements */

/* One element of each. */
        .macro  one
        ldrsh   r3, [r2], #2
        ldrsh   r8, [r7], #2
        ldrsh   r9, [r11], #2
        smlabb  r0, r3, r8, r0
        smlabb  r1, r3, r9, r1
        .endm

/* Two elements of each, from anywhere. */
        .macro  pair
        ldr     r3, [r2], #4
        ldr     r8, [r7], #4
        ldr     r9, [r11], #4
        smlad   r0, r3, r8, r0
        smlad   r1, r3, r9, r1
        .endm

        .macro  shared_aligned
        ldmia   r2!, {r3, r4, r5, r6}
        .endm

        .macro  shared_apart
        ldr     r3, [r2], #4
        ldr     r4, [r2], #4
        ldr     r5, [r2], #4
        ldr     r6, [r2], #4
        .endm

        .macro  shared_split
        ldmia.w r2!, {r3, r4, r5, r6}   /* a block of as many bytes as those of `apart` */
        .endm

        .macro  products_of sum
        smlad   \sum, r3, r8, \sum
        smlad   \sum, r4, r9, \sum
        smlad   \sum, r5, r10, \sum
        smlad   \sum, r6, r12, \sum
        .endm

        .macro  eight_of sum, at
        ldmia   \at!, {r8, r9, r10, r12}
        products_of \sum
        .endm

/* Blocks, and before them three pairs, which are entered like blocks and go on at \blocks. */
        .macro  ladder name, blocks, after
        .rept   3
        pair
        .endr
\name\()_pairs_end:
        ldr     pc, [sp, #\blocks]
\name:
        .rept   BLOCKS
        shared_\name
        eight_of r0, r7
        .ifc    \name, split
        ldr     r8, [r11], #4
        ldr     r9, [r11], #4
        ldr     r10, [r11], #4
        ldr     r12, [r11], #4
        products_of r1
        .else
        eight_of r1, r11
        .endif
        .endr
\name\()_end:
        ldr     pc, [sp, #\after]
        .endm

/* The frame of `even` and `odd`, above the stack pointer. In bytes where not said otherwise. */
        .equ    S_AT, 0                 /* of the pixel at hand; loaded together with ENTRY */
        .equ    ENTRY, 4                /* into pairs or blocks */
        .equ    BLOCKS_ALIGNED, 8       /* into blocks, behind pairs */
        .equ    ADVANCE, 12             /* from the end of A to where the next A starts */
        .equ    SUMS_END, 16            /* of those of the pixel's sums that `even` and `odd` make */
        .equ    AFTER_ALIGNED, 20
        .equ    AFTER_APART, 24
        .equ    BLOCKS_APART, 28
        .equ    ENTRY_NEXT, 32          /* odd: for windows 1 and 3 */
        .equ    GAP, 36                 /* odd: from the end of a window to the next one */
        .equ    RIGHT, 40
        .equ    PIXEL_SUMS, 44
        .equ    A_START, 48
        .equ    B_START, 52
        .equ    ROW_S, 56               /* S of the row's first pixel */
        .equ    RUN, 60                 /* elements */
        .equ    LAST_S, 64              /* S of the row's last pixel */
        .equ    ROWS, 68                /* rows left */
        .equ    DOWN, 72                /* elements */
        .equ    EVEN_FRAME, 76
/* Of `odd`, whose ENTRY and ENTRY_NEXT are one of the first two each. */
        .equ    ENTRY_ALIGNED, 76
        .equ    ENTRY_APART, 80
        .equ    END_FIRST, 84           /* the ways back from windows 0 and 2, 1 and 3 */
        .equ    END_NEXT, 88
        .equ    ENTRY_SPLIT, 92
        .equ    BLOCKS_SPLIT, 96
        .equ    AFTER_SPLIT, 100
        .equ    END_TWO_FIRST, 104      /* the ways back from two windows, the first or the last of */
        .equ    END_TWO_LAST, 108       /* ... which is aligned with S */
        .equ    END_THREE, 112
        .equ    ODD_FRAME, 116

/* A and B to the next windows; equal where the pixel's sums are done, whose end is then in r4. */
        .macro  advance
        ldrd    r3, r4, [sp, #ADVANCE]
        add     r7, r3
        add     r11, r3
        cmp     lr, r4
        .endm

/* S of the next row's first pixel in r2, then to \row; out behind the last row. LAST_S is in r3. */
        .macro  next_row row, frame
        ldr     r8, [sp, #ROWS]
        subs    r8, #1
        beq     .Ldone\@
        str     r8, [sp, #ROWS]
        ldr     r8, [sp, #DOWN]
        ldr     r2, [sp, #ROW_S]
        add     r3, r3, r8, lsl #1
        add     r2, r2, r8, lsl #1
        str     r3, [sp, #LAST_S]
        str     r2, [sp, #ROW_S]
        b       \row
.Ldone\@:
        add     sp, #\frame
        pop     {r4, r5, r6, r7, r8, r9, r10, r11, pc}
        .endm

        .section .text.bo_windows_s16, "ax", %progbits
        .balign 4
        .global bo_windows_s16
        .type   bo_windows_s16, %function
        .thumb_func
/* void bo_windows_s16(int32_t *sums, const bo_windows *w, const int16_t *input,
 *                     const int16_t *weights) */
bo_windows_s16:
        push    {r4, r5, r6, r7, r8, r9, r10, r11, lr}
        /* lines, line, input_row, channels, columns, right, rows, down */
        ldmia   r1, {r4, r5, r6, r7, r8, r9, r10, r11}
        mul     lr, r4, r5
        subs    r6, r5
        bne     1f
        mov     r5, lr                  /* the lines lie in a row */
1:      cmp     r5, lr
        bne     lines
        cmp     r8, #1
        bne     several
        cmp     r10, #1
        bne     column

/* One pixel, as of a fully-connected layer: `even` without what leads to the next pixel. */
        orr     r12, r2, r3
        lsls    r12, #30
        bmi     several
        ands    r12, r7, #1
        bne     several
        ands    r12, r5, #7
        bne     several
        lsrs    r12, r5, #3
        beq     lines
        cmp     r12, #BLOCKS
        bhi     several
        add     r6, r0, r7, lsl #2
        mov     r7, r3
        ldr     r3, =aligned_end + 1
        movs    r4, #ALIGNED_BYTES
        mls     r3, r12, r4, r3
        lsls    r5, #1
        add     r11, r7, r5
        ldr     r12, =one_pixel_next + 1
        mov     lr, r0
        push    {r2, r3, r4, r5, r6, r12}
one_pixel:
        ldrd    r0, r1, [lr]
        ldmia   sp, {r2, pc}
one_pixel_next:
        strd    r0, r1, [lr], #8
        advance
        bne     one_pixel
        add     sp, #24
        pop     {r4, r5, r6, r7, r8, r9, r10, r11, pc}

column: mov     r8, r10                 /* as good as a row */
        mov     r9, r11
        movs    r10, #1
several:
        mov     r6, r5                  /* from one window of A and B to the next */
        cmp     r7, #1
        beq     one_channel
walk:   orr     r12, r2, r3
        orr     r1, r9, r11
        orr     r1, r5
        orr     r12, r12, r1, lsl #1
        lsls    r12, #30
        bmi     odd

/* Of A in r3: r6 elements from window to window, r7 windows. */
        lsrs    r12, r5, #3
        beq     lines
        mov     r1, r3
        cmp     r12, #BLOCKS
        bhi     even_turns
        ldr     r3, =aligned_end + 1
        movs    r4, #ALIGNED_BYTES
        mls     r3, r12, r4, r3
        ldr     r12, =even_next + 1
1:      ands    r4, r5, #6
        bne     even_pairs
2:      sub     r8, #1
        mul     r8, r9
        add     r8, r2, r8, lsl #1
        push    {r2, r5, r8, r10, r11}  /* ROW_S to DOWN */
        lsl     r8, r9, #1
        lsl     r9, r7, #2
        mov     r10, r1
        add     r11, r1, r6, lsl #1
        push    {r8, r9, r10, r11}      /* RIGHT to B_START */
        rsb     r5, r5, r6, lsl #1
        lsls    r5, #1
        bic     r6, r7, #1
        add     r6, r0, r6, lsl #2
        mov     r7, r10
        mov     lr, r0
        sub     sp, #16
        push    {r2, r3, r4, r5, r6, r12} /* S_AT to AFTER_ALIGNED */
even_two:
        ldrd    r0, r1, [lr]
        ldmia   sp, {r2, pc}
even_next:
        strd    r0, r1, [lr], #8
        advance
        bne     even_two
        ldrd    r5, r6, [sp, #RIGHT]
        lsls    r3, r6, #29
        bmi     even_single
3:      ldr     r2, [sp, #S_AT]
        ldr     r3, [sp, #LAST_S]
        cmp     r2, r3
        beq     even_row
        add     r2, r5
4:      str     r2, [sp, #S_AT]
        add     r4, r6
        str     r4, [sp, #SUMS_END]
        ldrd    r7, r11, [sp, #A_START]
        b       even_two
even_row:
        next_row 4b, EVEN_FRAME

/* An odd last window. */
even_single:
        mov     r11, lr
        ldr     r0, [r11]
        ldr     r1, [sp, #RUN]
        ldr     r2, [sp, #S_AT]
        bl      single
        str     r0, [r11], #4
        mov     lr, r11
        ldr     r4, [sp, #SUMS_END]
        ldrd    r5, r6, [sp, #RIGHT]
        b       3b

/* Pairs come before blocks. */
even_pairs:
        mov     lr, r3
        ldr     r3, =aligned_pairs_end + 1
        add     r4, r4, r4, lsl #2
        sub     r3, r3, r4, lsl #1      /* PAIR_BYTES / 2 an element */
        mov     r4, lr
        b       2b

/* More blocks than stand in a row: first 1 to BLOCKS of them, then turns of BLOCKS. */
even_turns:
        sub     r12, #1
        movs    r3, #BLOCKS
        udiv    r4, r12, r3
        mls     r12, r4, r3, r12
        add     r12, #1
        ldr     r3, =aligned_end + 1
        movs    r4, #ALIGNED_BYTES
        mls     r3, r12, r4, r3
        ldr     r12, =even_turn + 1
        b       1b
even_turn:
        ldr     r3, [sp, #S_AT]
        ldr     r4, [sp, #RUN]
        add     r3, r3, r4, lsl #1
        cmp     r2, r3
        bne     aligned
        b       even_next

/* A row of pixels of one channel: S are the weights, A and B pixels. */
one_channel:
        cmp     r10, #1
        bne     lines
        cmp     r8, #1
        beq     lines
        cmp     r5, #8
        blo     lines
        movs    r4, #0                  /* for odd_not */
        mov     r7, r8
        mov     r6, r9
        mov     r12, r2
        mov     r2, r3
        mov     r3, r12
        movs    r8, #1
        b       walk

/* Not all of run, right and down are even, or not all starts 4-byte aligned. */
odd_not:
        cmp     r4, #0
        bne     lines
        mov     r12, r2                 /* undoes one_channel */
        mov     r2, r3
        mov     r3, r12
        mov     r8, r7
        movs    r7, #1
        b       lines
odd:    and     r1, r5, r6              /* A starts on 4 bytes, its windows are odd and so apart */
        bic     r1, r1, r3, lsr #1
        lsls    r1, #31
        bpl     odd_not
        lsrs    r12, r5, #3
        beq     odd_not
        sub     sp, #ODD_FRAME - EVEN_FRAME
        sub     r8, #1
        mul     r8, r9
        add     r8, r2, r8, lsl #1
        push    {r2, r5, r8, r10, r11}  /* ROW_S to DOWN */
        lsl     r8, r9, #1
        lsl     r9, r7, #2
        mov     r10, r3
        add     r11, r3, r6, lsl #2
        push    {r8, r9, r10, r11}      /* RIGHT to B_START */
        sub     sp, #40
        ldr     r3, =odd_first + 1
        subs    r1, r6, r5
        lsl     r1, #1
        str     r1, [sp, #GAP]
        beq     1f
        ldr     r3, =odd_first_gap + 1
1:      ldr     r4, =odd_next + 1
        cmp     r12, #BLOCKS
        bhi     odd_turns
2:      strd    r3, r4, [sp, #END_FIRST]
        ldr     r3, =aligned_end + 1
        movs    r1, #ALIGNED_BYTES
        mls     r3, r12, r1, r3
        ldr     r4, =apart_end + 1
        movs    r1, #APART_BYTES
        mls     r4, r12, r1, r4
        ands    r12, r5, #6
        bne     odd_pairs
3:      strd    r3, r4, [sp, #ENTRY_ALIGNED]
        lsls    r1, r7, #30
        bne     odd_rests
4:      add     r3, r6, r6, lsl #1
        sub     r3, r5
        lsls    r3, #1
        bic     r4, r7, #3
        add     r4, r0, r4, lsl #2
        strd    r3, r4, [sp, #ADVANCE]
        mov     r7, r10
        mov     lr, r0
        b       odd_pixel

odd_row:
        next_row 5f, ODD_FRAME

odd_next:
        str     r0, [lr], #12
        str     r1, [lr, #-4]
        advance
        bne     odd_four
odd_pixel_end:
        ldrd    r5, r6, [sp, #RIGHT]
        lsls    r3, r6, #28
        bne     odd_rest
odd_next_pixel:
        ldr     r2, [sp, #S_AT]
        ldr     r3, [sp, #LAST_S]
        cmp     r2, r3
        beq     odd_row
        add     r2, r5
5:      add     r4, r6
        str     r4, [sp, #SUMS_END]
        ldrd    r7, r11, [sp, #A_START]
/* r2: S; r4: SUMS_END. A starts on 4 bytes, S does or is `apart`: of windows 1 and 3 the reverse. */
odd_pixel:
        str     r2, [sp, #S_AT]
        ldrd    r5, r6, [sp, #ENTRY_ALIGNED]
        ldrd    r8, r9, [sp, #END_FIRST]
        lsls    r3, r2, #30
        bmi     7f
        str     r5, [sp, #ENTRY]
        str     r6, [sp, #ENTRY_NEXT]
        strd    r8, r9, [sp, #AFTER_ALIGNED]
        cmp     lr, r4
        bne     odd_four
        b       odd_pixel_end
7:      str     r6, [sp, #ENTRY]
        str     r5, [sp, #ENTRY_NEXT]
        strd    r9, r8, [sp, #AFTER_ALIGNED]
        cmp     lr, r4
        beq     odd_pixel_end
odd_four:
        ldr     r0, [lr]
        ldr     r1, [lr, #8]
        ldmia   sp, {r2, pc}
odd_first:
        one
        str     r0, [lr], #4
        str     r1, [lr, #4]
odd_second:
        ldr     r0, [lr]
        ldr     r1, [lr, #8]
        ldr     r2, [sp, #S_AT]
        one
        ldr     pc, [sp, #ENTRY_NEXT]
odd_first_gap:
        one
        str     r0, [lr], #4
        str     r1, [lr, #4]
        ldr     r3, [sp, #GAP]
        add     r7, r3
        add     r11, r3
        b       odd_second

odd_pairs:
        str     r3, [sp, #BLOCKS_ALIGNED]
        str     r4, [sp, #BLOCKS_APART]
        add     r12, r12, r12, lsl #2
        ldr     r3, =aligned_pairs_end + 1
        sub     r3, r3, r12, lsl #1
        ldr     r4, =apart_pairs_end + 1
        sub     r4, r4, r12, lsl #1
        b       3b

/* More blocks than stand in a row: as in even_turns. */
odd_turns:
        sub     r12, #1
        movs    r3, #BLOCKS
        udiv    r4, r12, r3
        mls     r12, r4, r3, r12
        add     r12, #1
        ldr     r3, =odd_turn + 1
        mov     r4, r3
        b       2b
/* S's bytes left: 2 where the last element is, of windows 0 and 2; none of windows 1 and 3. */
        .macro  elements_left
        ldr     r3, [sp, #S_AT]
        ldr     r4, [sp, #RUN]
        add     r3, r3, r4, lsl #1
        sub     r3, r2
        cmp     r3, #2
        .endm
odd_turn:
        elements_left
        blo     odd_next
        beq     odd_first_gap
1:      lsls    r3, r2, #30
        bmi     apart
        b       aligned
odd_three_turn:
        elements_left
        bhi     1b
        b       odd_three
odd_two_turn:
        elements_left
        blo     odd_two_last
        beq     odd_two_first
        b       split

/* Windows that are not taken by four: one alone; two together, of which one is aligned with S; of
 * three the first and the last, then the second. */
odd_rests:
        ldr     r8, =split              /* entered as far from its end as `apart` */
        ldr     r9, =apart
        sub     r8, r9
        add     r4, r8
        str     r4, [sp, #ENTRY_SPLIT]
        ldr     r4, [sp, #BLOCKS_APART]
        add     r4, r8
        str     r4, [sp, #BLOCKS_SPLIT]
        ldr     r3, =odd_two_first + 1
        ldr     r4, =odd_two_last + 1
        ldr     r8, =odd_three + 1
        cmp     r5, #8 * (BLOCKS + 1)
        blo     1f
        ldr     r3, =odd_two_turn + 1
        mov     r4, r3
        ldr     r8, =odd_three_turn + 1
1:      strd    r3, r4, [sp, #END_TWO_FIRST]
        str     r8, [sp, #END_THREE]
        b       4b
odd_rest:
        ldr     r2, [sp, #S_AT]
        cmp     r3, #2 << 30
        blo     odd_one
        beq     odd_two
        ldr     r3, [sp, #END_THREE]
        lsls    r4, r2, #30
        bmi     1f
        str     r3, [sp, #AFTER_ALIGNED]
        b       2f
1:      str     r3, [sp, #AFTER_APART]
2:      ldr     r0, [lr]
        ldr     r1, [lr, #8]
        ldr     pc, [sp, #ENTRY]
odd_three:
        one
        str     r0, [lr], #4
        str     r1, [lr, #4]
        ldr     r3, [sp, #GAP]
        add     r7, r3
        mov     r11, lr
        ldr     r2, [sp, #S_AT]
        ldr     r0, [r11]
        ldr     r1, [sp, #RUN]
        bl      single
        str     r0, [r11], #8
        b       3f
odd_one:
        mov     r11, lr
        ldr     r0, [r11]
        ldr     r1, [sp, #RUN]
        bl      single
        str     r0, [r11], #4
3:      mov     lr, r11
4:      ldr     r4, [sp, #SUMS_END]
        ldrd    r5, r6, [sp, #RIGHT]
        b       odd_next_pixel
odd_two:
        ldr     r3, [sp, #RUN]
        ldr     r4, [sp, #GAP]
        add     r4, r4, r3, lsl #1
        ldrd    r5, r6, [sp, #END_TWO_FIRST]
        lsls    r3, r2, #30
        bmi     5f
        str     r5, [sp, #AFTER_SPLIT]
        ldrd    r0, r1, [lr]
        add     r11, r7, r4
        ldr     pc, [sp, #ENTRY_SPLIT]
odd_two_first:
        one
        strd    r0, r1, [lr], #8
        b       4b
5:      str     r6, [sp, #AFTER_SPLIT]
        ldrd    r1, r0, [lr]
        mov     r11, r7
        add     r7, r4
        one
        ldr     pc, [sp, #ENTRY_SPLIT]
odd_two_last:
        strd    r1, r0, [lr], #8
        b       4b

        .balign 4
        .ltorg

ladder_start:
        ladder  aligned, BLOCKS_ALIGNED, AFTER_ALIGNED
        ladder  apart, BLOCKS_APART, AFTER_APART
        ladder  split, BLOCKS_SPLIT, AFTER_SPLIT
        .if     aligned_end - aligned != BLOCKS * ALIGNED_BYTES
        .error  "ALIGNED_BYTES"
        .endif
        .if     apart_end - apart != BLOCKS * APART_BYTES
        .error  "APART_BYTES"
        .endif
        .if     split_end - split != BLOCKS * APART_BYTES
        .error  "APART_BYTES"
        .endif
        .if     aligned_pairs_end - ladder_start != 3 * PAIR_BYTES
        .error  "PAIR_BYTES"
        .endif

/* r0 += the products of r1 >= 1 elements at r2 and r7, which go on behind them. Keeps r11. */
single: lsls    r3, r7, #30
        bpl     1f
        sub     r1, #1
        ldrsh   r3, [r2], #2
        ldrsh   r8, [r7], #2
        smlabb  r0, r3, r8, r0
1:      lsls    r3, r2, #30
        bmi     5f
        subs    r1, #16
        bmi     3f
2:      shared_aligned
        eight_of r0, r7
        shared_aligned
        eight_of r0, r7
        subs    r1, #16
        bpl     2b
3:      adds    r1, #8
        bmi     4f
        shared_aligned
        eight_of r0, r7
        sub     r1, #8
4:      adds    r1, #6
        bmi     7f
6:      ldr     r3, [r2], #4
        ldr     r8, [r7], #4
        smlad   r0, r3, r8, r0
        subs    r1, #2
        bpl     6b
7:      adds    r1, #1
        bne     8f
        ldrsh   r3, [r2], #2
        ldrsh   r8, [r7], #2
        smlabb  r0, r3, r8, r0
8:      bx      lr
5:      subs    r1, #8
        bmi     4b
        shared_apart
        eight_of r0, r7
        b       5b

/* The frame of `lines`, with AFTER_ALIGNED and AFTER_APART where they were. In bytes. */
        .equ    L_S, 0                  /* of the pixel at hand */
        .equ    L_SUMS, 4
        .equ    L_LEFT, 8               /* lines left of a window */
        .equ    L_BACK, 12              /* where lines_two and lines_one return to */
        .equ    L_PLAN, 28              /* a line's turns << 16 | elements behind its blocks, then */
                                        /* ... the entries into `aligned` and `apart` */
        .equ    L_HEAD, 40              /* the same of a line without its first element */
        .equ    L_RUN, 52               /* elements of a line */
        .equ    L_LINES, 56
        .equ    L_STEP, 60              /* from a line's end to the next line */
        .equ    L_CHANNELS_LEFT, 64     /* loaded together with L_B */
        .equ    L_B, 68                 /* from A to B */
        .equ    L_B_SUM, 72             /* the same of their sums: 4 or 8 */
        .equ    L_WEIGHTS, 76
        .equ    L_CHANNELS, 80
        .equ    L_RIGHT, 84
        .equ    L_COLUMNS, 88
        .equ    L_COLUMNS_LEFT, 16
        .equ    L_ROWS, 92              /* rows left */
        .equ    L_DOWN, 96
        .equ    L_ROW_S, 100
        .equ    LINES_FRAME, 104

        .macro  plan at                 /* of r5 elements */
        lsrs    r0, r5, #3
        movs    r1, #BLOCKS
        udiv    r3, r0, r1
        mls     r0, r3, r1, r0
        and     r4, r5, #7
        orr     r4, r4, r3, lsl #16
        ldr     r6, =aligned_end + 1
        movs    r3, #ALIGNED_BYTES
        mls     r6, r0, r3, r6
        ldr     r7, =apart_end + 1
        movs    r3, #APART_BYTES
        mls     r7, r0, r3, r7
        str     r4, [sp, #\at]
        strd    r6, r7, [sp, #\at + 4]
        .endm

/* Registers as `bo_windows_s16` has them; lr: elements of a window. */
lines:  cmp     r5, #0
        beq     lines_none
        cmp     r5, lr
        bne     1f
        movs    r4, #1
1:      sub     sp, #LINES_FRAME
        str     r2, [sp, #L_S]
        str     r2, [sp, #L_ROW_S]
        str     r0, [sp, #L_SUMS]
        lsls    r6, #1
        strd    r4, r6, [sp, #L_LINES]
        lsl     r0, lr, #1
        movs    r1, #4
        tst     lr, #1
        beq     2f
        lsls    r0, #1
        movs    r1, #8
2:      strd    r0, r1, [sp, #L_B]
        strd    r3, r7, [sp, #L_WEIGHTS]
        lsl     r9, #1
        strd    r9, r8, [sp, #L_RIGHT]
        lsl     r11, #1
        strd    r10, r11, [sp, #L_ROWS]
        str     r5, [sp, #L_RUN]
        ldr     r10, =lines_behind + 1
        orr     r8, r5, r3, lsr #1
        ands    r8, #1                  /* 0: every line of A starts on 4 bytes */
        bne     3f
        ands    r0, r5, #7
        bne     3f
        ldr     r10, =lines_end + 1
3:      mov     r11, r10
        cmp     r5, #8 * BLOCKS
        blo     4f
        ldr     r10, =lines_aligned + 1
        ldr     r11, =lines_apart + 1
4:      strd    r10, r11, [sp, #AFTER_ALIGNED]
        plan    L_PLAN
        cmp     r8, #0
        beq     lines_row
        sub     r5, #1
        plan    L_HEAD
lines_row:
        ldr     r3, [sp, #L_COLUMNS]
        str     r3, [sp, #L_COLUMNS_LEFT]
lines_pixel:
        ldrd    r7, r8, [sp, #L_WEIGHTS]
lines_channels:                         /* A in r7, channels left in r8 */
        str     r8, [sp, #L_CHANNELS_LEFT]
        ldrd    r3, r4, [sp, #L_B]
        add     r11, r7, r3
        ldr     r10, [sp, #L_SUMS]
        cmp     r4, #8
        beq     lines_four
1:      cmp     r8, #2
        blo     lines_rest
        ldrd    r0, r1, [r10]
        bl      lines_two
        ldr     r10, [sp, #L_SUMS]
        strd    r0, r1, [r10], #8
        str     r10, [sp, #L_SUMS]
        mov     r7, r11
        ldrd    r8, r3, [sp, #L_CHANNELS_LEFT]
        sub     r8, #2
        str     r8, [sp, #L_CHANNELS_LEFT]
        add     r11, r3
        b       1b
lines_four:
        cmp     r8, #3
        blo     lines_rest
        ldr     r0, [r10]
        ldr     r1, [r10, #8]
        bl      lines_two
        ldr     r10, [sp, #L_SUMS]
        str     r0, [r10], #4
        str     r1, [r10, #4]
        str     r10, [sp, #L_SUMS]
        ldr     r8, [sp, #L_CHANNELS_LEFT]
        cmp     r8, #3
        beq     lines_three
        ldr     r0, [r10]
        ldr     r1, [r10, #8]
        bl      lines_two
        ldr     r10, [sp, #L_SUMS]
        str     r0, [r10], #12
        str     r1, [r10, #-4]
        str     r10, [sp, #L_SUMS]
        mov     r7, r11
        ldr     r8, [sp, #L_CHANNELS_LEFT]
        sub     r8, #4
        b       lines_channels
lines_three:
        bl      lines_one
        ldr     r10, [sp, #L_SUMS]
        add     r10, #4
        str     r10, [sp, #L_SUMS]
        b       lines_next_pixel
1:      bl      lines_one
lines_rest:
        ldr     r8, [sp, #L_CHANNELS_LEFT]
        subs    r8, #1
        str     r8, [sp, #L_CHANNELS_LEFT]
        bpl     1b
lines_next_pixel:
        ldr     r2, [sp, #L_S]
        ldr     r3, [sp, #L_COLUMNS_LEFT]
        ldr     r4, [sp, #L_RIGHT]
        add     r2, r4
        str     r2, [sp, #L_S]
        subs    r3, #1
        str     r3, [sp, #L_COLUMNS_LEFT]
        bne     lines_pixel
        ldrd    r3, r4, [sp, #L_ROWS]
        ldr     r2, [sp, #L_ROW_S]
        add     r2, r4
        str     r2, [sp, #L_ROW_S]
        str     r2, [sp, #L_S]
        subs    r3, #1
        str     r3, [sp, #L_ROWS]
        bne     lines_row
        add     sp, #LINES_FRAME
lines_none:
        pop     {r4, r5, r6, r7, r8, r9, r10, r11, pc}

/* The windows A and B; A and B are behind them then. */
lines_two:
        str     lr, [sp, #L_BACK]
        ldr     r2, [sp, #L_S]
        ldr     r3, [sp, #L_LINES]
1:      str     r3, [sp, #L_LEFT]
        lsls    r3, r7, #30
        bmi     3f
        ldr     lr, [sp, #L_PLAN]
        lsls    r3, r2, #30
        bmi     2f
        ldr     pc, [sp, #L_PLAN + 4]
2:      ldr     pc, [sp, #L_PLAN + 8]
3:      one
        ldr     lr, [sp, #L_HEAD]
        lsls    r3, r2, #30
        bmi     4f
        ldr     pc, [sp, #L_HEAD + 4]
4:      ldr     pc, [sp, #L_HEAD + 8]
lines_aligned:
        subs    lr, #0x10000
        bpl     aligned
        b       5f
lines_apart:
        subs    lr, #0x10000
        bpl     apart
5:      uxth    lr, lr
lines_behind:
        subs    lr, #2
        bmi     7f
6:      pair
        subs    lr, #2
        bpl     6b
7:      adds    lr, #1
        bne     lines_end
        one
lines_end:
        ldr     r3, [sp, #L_LEFT]
        ldr     r4, [sp, #L_STEP]
        add     r2, r4
        subs    r3, #1
        bne     1b
        ldr     pc, [sp, #L_BACK]

/* The window A alone, of the next sum; A is behind it then. */
lines_one:
        str     lr, [sp, #L_BACK]
        ldr     r11, [sp, #L_LINES]
        ldr     r10, [sp, #L_SUMS]
        ldr     r0, [r10]
        ldr     r2, [sp, #L_S]
1:      ldr     r1, [sp, #L_RUN]
        bl      single
        ldr     r4, [sp, #L_STEP]
        add     r2, r4
        subs    r11, #1
        bne     1b
        ldr     r10, [sp, #L_SUMS]
        str     r0, [r10], #4
        str     r10, [sp, #L_SUMS]
        ldr     pc, [sp, #L_BACK]

        .balign 4
        .ltorg
        .size   bo_windows_s16, . - bo_windows_s16
