/** Random networks with random designs, packed as dump packs them, and their naive inference. */
#ifndef BROWNOUT_TEST_NETWORK_H
#define BROWNOUT_TEST_NETWORK_H

#include "campaign.h"
#include "format.h"

#define NETWORK_LAYERS 6u

typedef struct {
  bo_model model;
  bo_layer layers[NETWORK_LAYERS];
  int16_t *weights[NETWORK_LAYERS]; /**< [m][kernel_h][kernel_w][n], int8 codes too */
  int32_t *biases[NETWORK_LAYERS];  /**< [m], or null */
  bo_scale *scales[NETWORK_LAYERS]; /**< [m], or null: one for all channels */
  int second[NETWORK_LAYERS];       /**< of add and concat: the layer read beside the one before,
                                         or -1: the network's input; -2: none */
  uint8_t *image;
  uint32_t image_bytes;
  uint8_t *inputs, *expected; /**< [count] maps of codes, element_bytes each */
  uint32_t count;
  bo_subject subject;
} network;

/** What a random network may be. */
typedef struct {
  uint32_t layers;   /**< at most NETWORK_LAYERS */
  uint32_t max_side; /**< of the input map */
  uint32_t max_channels;
  uint32_t max_batches; /**< of one layer; designs with more are drawn again */
  uint32_t vectors;
  uint8_t scheme;        /**< BO_SCHEME_..; 0: tile */
  uint8_t element_bytes; /**< 0: 1 or 2 */
  uint8_t kind;          /**< 1 + the kind of layer `kind_at`; 0: any */
  uint8_t kind_at;
} network_limits;

/** Draws a network, quantises nothing: codes are random, sums stay in 32 bits by construction. */
network *network_make(uint32_t seed, const network_limits *limits);
void network_free(network *net);

/** One line that says what was drawn, for a failure message. */
const char *network_text(const network *net);

#endif
