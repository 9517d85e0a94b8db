/** The multiply-accumulate kernel: what a MAC span calls. */
#ifndef BROWNOUT_DOT_H
#define BROWNOUT_DOT_H

#include <stdint.h>

/**
 * Sum of a[i] * b[i], i in [0, n), modulo 2^32: quantisation keeps every partial sum of a layer
 * within int32 (accumulator_bound), so the modulus never shows. Both vectors are 2-byte aligned; no
 * limit on n; no buffer beside the two vectors.
 */
int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n);

/** Bytes that the kernel keeps in the memory of VM beside the two vectors: LEA writes there. */
uint32_t bo_dot_s16_buffer_bytes(void);

/** The definition that every twin equals; compiled for every board. */
int32_t bo_dot_s16_reference(const int16_t *a, const int16_t *b, uint16_t n);

/**
 * Sum of a[i * step] * b[i], i in [0, n), modulo 2^32: a row of a depthwise kernel, `step` being
 * the channels of the input tile. Every board runs this definition.
 */
int32_t bo_dot_s16_strided(const int16_t *a, uint16_t step, const int16_t *b, uint16_t n);

/** The same of int8 codes, which may start anywhere. */
int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n);
uint32_t bo_dot_s8_buffer_bytes(void);
int32_t bo_dot_s8_reference(const int8_t *a, const int8_t *b, uint16_t n);
int32_t bo_dot_s8_strided(const int8_t *a, uint16_t step, const int8_t *b, uint16_t n);

#endif
