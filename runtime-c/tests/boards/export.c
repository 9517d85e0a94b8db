/** Writes a random network as dump would: for builds of boards without the rest of the project. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nest.h"
#include "network.h"
#include "vectors.h"

static FILE *open_in(const char *folder, const char *name) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  return file;
}

static void write_layer(FILE *file, const bo_layer *l) {
  const bo_shape *s = &l->shape;
  const bo_design *d = &l->design;
  fprintf(file,
          "    {.shape = {.kind = %u, .has_bias = %u, .element_bytes = %u, .per_channel = %u, .h = "
          "%u, .w = %u, .n = %u, .r = %u, .c = %u, "
          ".m = %u, .kernel_h = %u, .kernel_w = %u, .stride_h = %u, .stride_w = %u, .pad_top = %u, "
          ".pad_left = %u},\n",
          s->kind, s->has_bias, s->element_bytes, s->per_channel, s->h, s->w, s->n, s->r, s->c,
          s->m, s->kernel_h, s->kernel_w, s->stride_h, s->stride_w, s->pad_top, s->pad_left);
  fprintf(file,
          "     .design = {.tr = %u, .tc = %u, .tm = %u, .tn = %u, .order = {%u, %u, %u, %u}, "
          ".span = %u, .scheme = %u, .s = %u, .b = %u},\n",
          d->tr, d->tc, d->tm, d->tn, d->order[0], d->order[1], d->order[2], d->order[3], d->span,
          d->scheme, d->s, d->b);
  fprintf(file,
          "     .vm = {.input = %" PRIu32 ", .weights = %" PRIu32 ", .bias = %" PRIu32
          ", .scales = %" PRIu32 ", .sums = %" PRIu32 ", .total_bytes = %" PRIu32 "},\n",
          l->vm.input, l->vm.weights, l->vm.bias, l->vm.scales, l->vm.sums, l->vm.total_bytes);
  fprintf(file,
          "     .requantisation = {.multiplier = %d, .shift = %u, .minimum = %d, .maximum = %d},\n",
          l->requantisation.multiplier, l->requantisation.shift, l->requantisation.minimum,
          l->requantisation.maximum);
  fprintf(file,
          "     .weights = %" PRIu32 ", .bias = %" PRIu32 ", .scales = %" PRIu32
          ", .input = %" PRIu32 ", .output = %" PRIu32 ", .second = %" PRIu32
          ", .multipliers = {%d, %d}},\n",
          l->weights, l->bias, l->scales, l->input, l->output, l->second, l->multipliers[0],
          l->multipliers[1]);
}

static void write_model(const network *net, const char *folder) {
  const bo_model *m = &net->model;
  FILE *file = open_in(folder, "model.h");
  fputs("#ifndef MODEL_H\n#define MODEL_H\n#include \"brownout.h\"\n#endif\n", file);
  fclose(file);
  file = open_in(folder, "model.c");
  fputs("#include \"model.h\"\n\nstatic const bo_layer layers[] = {\n", file);
  for (uint32_t i = 0; i < m->layer_count; i++)
    write_layer(file, &net->layers[i]);
  fprintf(file,
          "};\n\nconst bo_model brownout_model = {.layers = layers, .layer_count = %u, .image_id = "
          "%u, .inputs = %u, .outputs = %u, .element_bytes = %u, .scheme = %u, .input = %" PRIu32
          ", .header = %" PRIu32 ", .constants_bytes = %" PRIu32 ", .planes = {%" PRIu32
          ", %" PRIu32 "}, .vm_bytes = %" PRIu32 ", .nvm_bytes = %" PRIu32 "};\n",
          m->layer_count, m->image_id, m->inputs, m->outputs, m->element_bytes, m->scheme, m->input,
          m->header, m->constants_bytes, m->planes[0], m->planes[1], m->vm_bytes, m->nvm_bytes);
  fclose(file);
  file = open_in(folder, "platform.h");
  fprintf(file,
          "#ifndef PLATFORM_H\n#define PLATFORM_H\n#define BO_VM_BYTES %" PRIu32
          "\n#define BO_NVM_BYTES %" PRIu32 "\n#define BO_IMAGE_BYTES %" PRIu32
          "\n#define BO_INPUTS %u\n#define BO_OUTPUTS %u\n#define BO_LAYERS %u\n#define "
          "BO_AFTER_COMMIT_SLEEP 1\n#define BO_HAS_ELEMENT_BYTES %u\n#define BO_USES_SCHEME "
          "%u\n#endif\n",
          m->vm_bytes, m->nvm_bytes, net->image_bytes, m->inputs, m->outputs, m->layer_count,
          m->element_bytes, m->scheme);
  fclose(file);
}

int main(int count, char **words) {
  if (count != 3) {
    fputs("usage: export SEED FOLDER\n", stderr);
    return 2;
  }
  const network_limits limits = {
      .layers = 4, .max_side = 12, .max_channels = 8, .max_batches = 200, .vectors = 4};
  network *net = network_make((uint32_t)strtoul(words[1], NULL, 10), &limits);
  const bo_model *m = &net->model;
  write_model(net, words[2]);
  FILE *file = open_in(words[2], "nvm.bin");
  fwrite(net->image, 1, net->image_bytes, file);
  fclose(file);
  file = open_in(words[2], "vectors.bin");
  const bo_vectors_file head = {BO_VECTORS_MAGIC, (uint16_t)net->count, m->inputs, m->outputs,
                                m->element_bytes};
  fwrite(&head, 1, sizeof head, file);
  for (uint32_t v = 0; v < net->count; v++) {
    const size_t bytes = m->element_bytes;
    fwrite(net->inputs + v * bytes * m->inputs, bytes, m->inputs, file);
    fwrite(net->expected + v * bytes * m->outputs, bytes, m->outputs, file);
  }
  fclose(file);
  fprintf(stderr, "%s\n", network_text(net));
  network_free(net);
  return 0;
}
