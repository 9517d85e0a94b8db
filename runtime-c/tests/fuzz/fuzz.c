/**
 * libFuzzer: NVM, images, vectors and replay ids that may be anything. No access outside, no
 * undefined behaviour, an end, and no output but a whole one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "application.h"
#include "campaign.h"
#include "crc.h"
#include "image.h"
#include "network.h"
#include "port.h"
#include "scheme.h"
#include "vectors_file.h"

#define NETWORKS 20u

static network *networks[NETWORKS];

static network *network_of(uint8_t choice) {
  const uint32_t index = choice % NETWORKS;
  const network_limits limits = {.layers = 2,
                                 .max_side = 3,
                                 .max_channels = 3,
                                 .max_batches = 4,
                                 .vectors = 1,
                                 .scheme = (uint8_t)(index % 5u)};
  if (networks[index] == NULL)
    networks[index] = network_make(700u + index, &limits);
  return networks[index];
}

/** The input, byte by byte; zeros behind its end. */
typedef struct {
  const uint8_t *at;
  size_t left;
} bytes_in;

static uint8_t next(bytes_in *in) {
  if (in->left == 0u)
    return 0;
  in->left--;
  return *in->at++;
}

static void take(bytes_in *in, void *to, size_t bytes) {
  uint8_t *byte = to;
  for (size_t i = 0; i < bytes; i++)
    byte[i] = next(in);
}

typedef struct {
  const network *net;
  bo_runtime runtime;
  uint8_t output[512];
  int gives_input;
} session;

static void infer(void *context) {
  session *s = context;
  memset(&s->runtime, 0x5a, sizeof s->runtime);
  s->runtime.booted = 0;
  for (int i = 0; i < 3; i++) {
    const bo_status status = bo_runtime_infer(&s->runtime, &s->net->model,
                                              s->gives_input ? s->net->inputs : NULL, s->output);
    if (status != BO_DONE)
      return;
    bo_runtime_release(&s->runtime);
  }
}

/** Records, releases, marks and steps of a first start with CRCs that fit, so that what lies behind
 * the check is reached. */
static void put_progress(const network *net, bytes_in *in, uint8_t fits) {
  uint8_t *nvm = bo_host_nvm();
  const uint32_t marks = bo_marks_address(net->model.outputs, net->model.element_bytes);
  bo_record records[2];
  for (uint32_t slot = 0; slot < 2u; slot++) {
    bo_record *record = &records[slot];
    bo_release release;
    take(in, record, sizeof *record);
    take(in, &release, sizeof release);
    if ((fits >> slot & 1u) != 0u) {
      record->image_id = net->model.image_id;
      record->layer %= 5u;
      record->crc = bo_crc16(BO_CRC16_START, record, 14);
      release.image_id = net->model.image_id;
      release.crc = bo_crc16(BO_CRC16_START, &release, 6);
    }
    memcpy(nvm + slot * BO_RECORD_BYTES, record, sizeof *record);
    if ((fits >> slot & 0x41u) == 0x40u) {
      bo_image_record step;
      take(in, &step, sizeof step);
      memcpy(&step.image, net->image + net->model.header + BO_HEADER_BYTES - 4u, 4);
      step.check = bo_crc16(BO_IMAGE_RECORD_START, &step, 14);
      memcpy(nvm + slot * BO_RECORD_BYTES, &step, sizeof step);
    }
    memcpy(nvm + BO_NVM_RELEASES + slot * BO_RELEASE_BYTES, &release, sizeof release);
  }
  for (uint32_t slot = 0; slot < 2u; slot++) {
    bo_mark mark;
    take(in, &mark, sizeof mark);
    if ((fits >> (2u + slot) & 1u) != 0u) {
      const bo_record *record = &records[fits >> 4 & 1u];
      mark.outputs %= 64u;
      mark.record = (uint16_t)record->sequence;
      mark.crc = bo_crc16(record->crc, &mark, 6);
    }
    memcpy(nvm + marks + slot * BO_MARK_BYTES, &mark, sizeof mark);
  }
}

/** A boot on whatever NVM holds, cut or not, and another one. */
static void fuzz_nvm(bytes_in *in) {
  const network *net = network_of(next(in));
  const uint8_t fits = next(in), how = next(in);
  bo_cut cut = {next(in), (bo_cut_mode)(how % BO_CUT_MODES), next(in)};
  session s = {.net = net, .gives_input = how >> 2 & 1};
  bo_host_nvm_make(net->model.nvm_bytes);
  bo_host_image((how >> 3 & 1) != 0 ? net->image : NULL, net->image_bytes);
  uint8_t *nvm = bo_host_nvm();
  memcpy(nvm, net->image, net->image_bytes);
  if ((how >> 4 & 1) == 0)
    put_progress(net, in, fits);
  while (in->left >= 3u) {
    const uint32_t at = (uint32_t)next(in) << 8 | next(in);
    nvm[at % net->model.nvm_bytes] = next(in);
  }
  bo_host_power_cycle(infer, &s, &cut, how >> 5 & 1);
  bo_host_power_cycle(infer, &s, NULL, 0);
}

typedef struct {
  const bo_model *model;
  int provisioned;
} provisioning;

static void provision(void *context) {
  provisioning *p = context;
  p->provisioned = bo_image_provision(p->model) && bo_image_header_ok(p->model) &&
                   bo_image_constants_ok(p->model);
}

/** An image of any length and content; only the model's own is taken. */
static void fuzz_image(bytes_in *in) {
  const network *net = network_of(next(in));
  const uint8_t how = next(in);
  provisioning p = {.model = &net->model};
  uint32_t bytes = net->image_bytes;
  if ((how & 1u) != 0u)
    bytes = (uint32_t)next(in) << 8 | next(in);
  uint8_t *image = malloc(bytes + 1u);
  if (image == NULL)
    return;
  memset(image, 0, bytes);
  if ((how & 2u) != 0u) {
    memcpy(image, net->image, bytes < net->image_bytes ? bytes : net->image_bytes);
    while (in->left >= 3u && bytes != 0u) {
      const uint32_t at = (uint32_t)next(in) << 8 | next(in);
      image[at % bytes] ^= next(in);
    }
  } else {
    take(in, image, bytes < in->left ? bytes : in->left);
  }
  bo_host_nvm_make(net->model.nvm_bytes);
  bo_host_image(image, bytes);
  bo_host_power_cycle(provision, &p, NULL, 0);
  const uint32_t from = net->model.header;
  if (p.provisioned && memcmp(image + from, net->image + from, net->image_bytes - from) != 0)
    abort();
  bo_host_image(NULL, 0);
  free(image);
}

static void fuzz_vectors(bytes_in *in) {
  const network *net = network_of(next(in));
  const uint8_t how = next(in);
  const size_t bytes = in->left;
  uint32_t *data = malloc(bytes + sizeof(bo_vectors_file));
  if (data == NULL)
    return;
  take(in, data, bytes);
  if ((how & 1u) != 0u && bytes >= sizeof(bo_vectors_file)) {
    bo_vectors_file *head = (bo_vectors_file *)(void *)data;
    head->magic = BO_VECTORS_MAGIC;
    head->inputs = net->model.inputs;
    head->outputs = net->model.outputs;
    head->element_bytes = net->model.element_bytes;
  }
  const bo_vectors_file *file = bo_vectors_of(&net->model, data, (uint32_t)bytes);
  if (file != NULL) {
    const uint8_t *last = bo_vector_output(file, (uint16_t)(file->count - 1u));
    if (last + bo_output_bytes(&net->model) > (const uint8_t *)data + bytes)
      abort();
  }
  free(data);
}

static void fuzz_replay(bytes_in *in) {
  char text[80];
  bo_replay replay;
  const size_t length = in->left < sizeof text - 1u ? in->left : sizeof text - 1u;
  take(in, text, length);
  text[length] = 0;
  if (bo_campaign_parse(text, &replay) && !replay.is_random && replay.numbers[2] >= BO_CUT_MODES)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const targets[])(bytes_in *) = {fuzz_nvm,   fuzz_nvm,     fuzz_nvm,
                                                fuzz_image, fuzz_vectors, fuzz_replay};
  bytes_in in = {data, size};
  targets[next(&in) % (sizeof targets / sizeof *targets)](&in);
  return 0;
}
