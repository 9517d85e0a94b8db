/**
 * The binary formats that dump writes and the runtime reads: layer shapes, designs, NVM image.
 *
 * Freestanding C11, also valid C++20: the explorer plans with the same constants.
 * All multi-byte values are little-endian, as are both boards and every host we build on.
 */
#ifndef BROWNOUT_FORMAT_H
#define BROWNOUT_FORMAT_H

#include <stdint.h>

/** Version of every structure in this file; the boot check refuses another one. */
#define BO_FORMAT_VERSION 2u

/** 0 leaves the channelwise kinds out of a program whose network has none: a third of its code. */
#ifndef BO_CHANNELWISE
#define BO_CHANNELWISE 1
#endif

/** 0 leaves out what requantises output channels one by one. */
#ifndef BO_PER_CHANNEL
#define BO_PER_CHANNEL 1
#endif

/**
 * A program for one network knows its codes: 1 (int8) or 2 (int16) bytes each, so that the other
 * size's code is left out. Where BO_ELEMENT_BYTES is not defined, every layer says its own (tests).
 */
#ifdef BO_ELEMENT_BYTES
#if BO_ELEMENT_BYTES == 1
typedef int8_t bo_code;
#elif BO_ELEMENT_BYTES == 2
typedef int16_t bo_code;
#else
#error BO_ELEMENT_BYTES is 1 or 2
#endif
#endif

/** Layer kinds that the nest walks. */
enum {
  BO_CONV = 0,            /**< also fc: a conv whose kernel covers its input */
  BO_GLOBAL_AVG_POOL = 1, /**< tiles walk the INPUT; Tm spans channels; one output pixel */
  /* Channelwise kinds: an output channel reads input channels of its own, so that the N loop makes
   * one turn, Tn is 1, and a tile's input channels are its M range. */
  BO_DEPTHWISE = 2, /**< n = m; weights [M][Kh][Kw] */
  BO_MAX_POOL = 3,  /**< n = m; elements of the padding do not count */
  BO_AVG_POOL = 4,  /**< n = m; elements of the padding do not count */
  BO_ADD = 5,       /**< two maps r x c x m; n = m; kernel 1 x 1 */
  BO_CONCAT = 6,    /**< channels [0, n) from the first map, [n, m) from the second */
};

/** Loop letters, and the index of a loop in bo_design.order (outer to inner). */
enum { BO_R = 0, BO_C = 1, BO_M = 2, BO_N = 3 };

/** Multiply-accumulates that one kernel call spans. */
enum { BO_SPAN_CHANNEL = 0, BO_SPAN_ROW = 1, BO_SPAN_WINDOW = 2 };

/** How progress is kept across power cuts; docs/protocol-brownout.md, "Schemes". */
#define BO_SCHEME_TILE 0       /**< a record after each batch of S tiles */
#define BO_SCHEME_HAWAII 1     /**< a mark after each group of B outputs, a record per layer */
#define BO_SCHEME_STATEFUL 2   /**< progress in the outputs' top bits, a record per layer */
#define BO_SCHEME_CHECKPOINT 3 /**< a record per layer */
#define BO_SCHEME_IDEAL 4      /**< none: the result alone is kept */
#define BO_SCHEME_ANY 255      /**< of a program, not of a model: it has the code of every scheme */

/** The scheme of a program; that of the others is left out. */
#ifndef BO_SCHEME
#define BO_SCHEME BO_SCHEME_ANY
#endif
/** Whether the program has a scheme's code; for #if, too. */
#define BO_HAS_SCHEME(scheme) (BO_SCHEME == BO_SCHEME_ANY || BO_SCHEME == (scheme))
/** Whether it has a scheme that sends outputs in groups of B. */
#define BO_HAS_GROUPS (BO_HAS_SCHEME(BO_SCHEME_HAWAII) || BO_HAS_SCHEME(BO_SCHEME_STATEFUL))

/** Geometry of a layer. IFM h x w x n, OFM r x c x m, all in elements. */
typedef struct {
  uint8_t kind;
  uint8_t has_bias;
  uint8_t element_bytes; /**< of maps and weights: 1 (int8) or 2 (int16); sums and bias are int32 */
  uint8_t per_channel;   /**< 1: each output channel has a bo_scale of its own */
  uint16_t h, w, n;
  uint16_t r, c, m;
  uint16_t kernel_h, kernel_w;
  uint8_t stride_h, stride_w;
  uint8_t pad_top, pad_left; /**< bottom and right follow from the other sizes */
} bo_shape;

/** Execution design (tile, loop order, MAC span) and preservation design (scheme, S, B) of a layer.
 */
typedef struct {
  uint16_t tr, tc, tm, tn;
  uint8_t order[4]; /**< BO_R.. outer to inner */
  uint8_t span;
  uint8_t scheme; /**< BO_SCHEME_..; one for a whole network */
  uint16_t s;     /**< tiles of a batch */
  uint16_t b;     /**< output values between two progress marks; 0 where the scheme has none */
} bo_design;

/** Where a batch's buffers lie in VM, bytes from its start; every offset is a multiple of 4. */
typedef struct {
  uint32_t input;   /**< codes [tile rows][tile columns][tile channels]; of add and concat the
                       second map's part follows the first's without a gap */
  uint32_t weights; /**< codes [Tm][Kh][Kw][Tn] */
  uint32_t bias;    /**< int32 [Tm] */
  uint32_t scales;  /**< bo_scale [Tm] */
  uint32_t sums;    /**< int32, one [Tr][Tc][Tm] block per output tile the batch touches */
  uint32_t total_bytes;
} bo_vm_layout;

/** One sum to one code: clamp((sum * multiplier + 2^(shift-1)) >> shift);
 * network/integer/ROUNDING.md. */
typedef struct {
  int16_t multiplier; /**< [2^14, 2^15) */
  uint8_t shift;      /**< [17, 46] */
  uint8_t reserved;
  int16_t minimum, maximum;
} bo_requantisation;

/** Of a bo_requantisation or a bo_scale. */
#define BO_SHIFT_MIN 17u
#define BO_SHIFT_MAX 46u

/** Of one output channel, where a layer has `per_channel`: in the place of the layer's own. */
typedef struct {
  int16_t multiplier; /**< [2^14, 2^15) */
  uint8_t shift;      /**< [17, 46] */
  uint8_t reserved;   /**< 0 */
} bo_scale;
#define BO_SCALE_BYTES 4u

/** Everything the runtime knows of one layer; a const table in model.c. Addresses are NVM bytes. */
typedef struct {
  bo_shape shape;
  bo_design design;
  bo_vm_layout vm;
  bo_requantisation requantisation;
  uint32_t weights;       /**< codes, tiles in the order of bo_weight_offset() */
  uint32_t bias;          /**< int32 [m] */
  uint32_t scales;        /**< bo_scale [m] where the shape has per_channel; else 0 */
  uint32_t input;         /**< codes [h][w][n] */
  uint32_t output;        /**< codes [r][c][m] */
  uint32_t second;        /**< of add and concat: the second input map; 0 for the other kinds */
  int16_t multipliers[2]; /**< of add and concat: of the codes of either input, in [1, 2^15) */
} bo_layer;

/**
 * The NVM image starts with mutable regions, so that a reprogrammed image never moves them:
 * two progress records, two release records, two result slots, two progress marks, then the header,
 * then constants (weights, biases, scales), then the arena (maps, planes), which no image fills.
 */
#define BO_RECORD_BYTES 16u
#define BO_RELEASE_BYTES 8u
#define BO_RESULT_HEADER_BYTES 8u
#define BO_MARK_BYTES 8u
#define BO_HEADER_BYTES 32u
#define BO_NVM_RECORDS 0u
#define BO_NVM_RELEASES (BO_NVM_RECORDS + 2u * BO_RECORD_BYTES)
#define BO_NVM_RESULTS (BO_NVM_RELEASES + 2u * BO_RELEASE_BYTES)

/** Bytes of one result slot for `outputs` codes, a multiple of 4. */
static inline uint32_t bo_result_stride(uint32_t outputs, uint32_t element_bytes) {
  return (BO_RESULT_HEADER_BYTES + element_bytes * outputs + 3u) & ~(uint32_t)3u;
}

/** Address of the two progress marks; only scheme hawaii writes them. */
static inline uint32_t bo_marks_address(uint32_t outputs, uint32_t element_bytes) {
  return BO_NVM_RESULTS + 2u * bo_result_stride(outputs, element_bytes);
}

/** Address of the image header. */
static inline uint32_t bo_header_address(uint32_t outputs, uint32_t element_bytes) {
  return bo_marks_address(outputs, element_bytes) + 2u * BO_MARK_BYTES;
}

/** "BRNO" */
#define BO_MAGIC 0x4f4e5242u

/** At bo_header_address(). CRC-32 (IEEE, reflected) over the constants behind it. */
typedef struct {
  uint32_t magic;
  uint16_t version;
  uint16_t image_id; /**< low half of the SHA-256 of constants and layer table */
  uint32_t constants_bytes;
  uint32_t constants_crc;
  uint32_t reserved[3];
  uint32_t header_crc; /**< CRC-32 over the 28 bytes before */
} bo_header;

/** A network as model.c defines it. */
typedef struct {
  const bo_layer *layers;
  uint16_t layer_count;
  uint16_t image_id;
  uint16_t inputs;       /**< elements of the network's input map */
  uint16_t outputs;      /**< elements of its output map */
  uint8_t element_bytes; /**< of every layer */
  uint8_t scheme;        /**< BO_SCHEME_..; that of every layer's design */
  uint32_t input;        /**< NVM address of the input map */
  uint32_t header;
  uint32_t constants_bytes;
  uint32_t planes[2]; /**< the two planes of 32-bit partial sums */
  uint32_t vm_bytes;  /**< largest vm.total_bytes, at least bo_result_stride(): a result is made in
                         VM */
  uint32_t nvm_bytes; /**< end of the last region */
} bo_model;

/** Bytes of one code of the network's maps. */
static inline uint32_t bo_code_bytes(const bo_model *model) {
#ifdef BO_ELEMENT_BYTES
  (void)model;
  return BO_ELEMENT_BYTES;
#else
  return model->element_bytes;
#endif
}

/** Of the network's output map. */
static inline uint32_t bo_output_bytes(const bo_model *model) {
  return bo_code_bytes(model) * model->outputs;
}

/** Whether the network keeps progress by `scheme`. */
static inline int bo_is_scheme(const bo_model *model, uint8_t scheme) {
  return BO_SCHEME == BO_SCHEME_ANY ? model->scheme == scheme : BO_SCHEME == scheme;
}

#endif
