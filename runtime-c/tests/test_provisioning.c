/** First starts: images copied and checked step by step, under cuts, and one image after another.
 */
#include <string.h>

#include "check.h"
#include "crc.h"
#include "image.h"
#include "kept.h"
#include "network.h"
#include "port.h"
#include "protocol.h"
#include "runtime.h"

enum { IMAGES = 4, MOST_OUTPUTS = 2048 };

static const network_limits small = {
    .layers = 2, .max_side = 5, .max_channels = 4, .max_batches = 12, .vectors = 2};

/** A network whose constants take `least` to `most` steps. */
static network *network_of_steps(uint32_t seed, uint32_t least, uint32_t most, uint8_t scheme) {
  const network_limits large = {.layers = 2,
                                .max_side = 4,
                                .max_channels = 40,
                                .max_batches = 5,
                                .vectors = 2,
                                .scheme = scheme};
  for (uint32_t i = 0;; i++) {
    network *net = network_make(1000u * seed + i, &large);
    const uint32_t whole = net->model.constants_bytes / BO_IMAGE_STEP_BYTES;
    if (whole >= least && whole < most)
      return net;
    network_free(net);
  }
}

typedef struct {
  network *net;
  bo_runtime runtime;
  int16_t output[MOST_OUTPUTS];
  bo_status status;
} session;

static void do_infer(void *context) {
  session *s = context;
  memset(&s->runtime, 0x5a, sizeof s->runtime);
  s->runtime.booted = 0;
  s->status = BO_NONE;
  s->status = bo_runtime_infer(&s->runtime, &s->net->model, s->net->inputs, s->output);
}

/** Leaves network A in the middle, runs B, and comes back to A: with cuts while provisioning. */
static void change_images(network *a, network *b, uint32_t cut_a, uint32_t cut_b,
                          uint32_t steps_of_b) {
  session s;
  const uint32_t larger =
      bo_nvm_end(&a->model) > bo_nvm_end(&b->model) ? bo_nvm_end(&a->model) : bo_nvm_end(&b->model);
  const bo_cut at_b = {cut_b, BO_CUT_SUBSET, cut_b}, at_a = {cut_a, BO_CUT_SUBSET, cut_a};
  bo_host_nvm_make(larger);
  s.net = a;
  bo_host_image(a->image, a->image_bytes);
  /* Constants, start, three batches. */
  for (int i = 0; i < 5; i++)
    bo_host_power_cycle(do_infer, &s, NULL, 1);
  s.net = b;
  bo_host_image(b->image, b->image_bytes);
  bo_host_power_cycle(do_infer, &s, &at_b, 1);
  for (uint32_t i = 0; i < steps_of_b; i++)
    bo_host_power_cycle(do_infer, &s, NULL, 1);
  s.net = a;
  bo_host_image(a->image, a->image_bytes);
  bo_host_power_cycle(do_infer, &s, &at_a, 1);
  s.status = BO_NONE;
  for (int i = 0; i < 100 && s.status != BO_DONE; i++) {
    if (bo_host_power_cycle(do_infer, &s, NULL, 1) == BO_CYCLE_RETURNED)
      break;
  }
  CHECK(s.status == BO_DONE && memcmp(s.output, a->expected, bo_output_bytes(&a->model)) == 0,
        "image changed to and fro with cuts at %u and %u, %u steps between: status %d", cut_b,
        cut_a, steps_of_b, (int)s.status);
}

void test_provisioning(void) {
  uint32_t cuts = 0;
  for (uint32_t seed = 1; seed <= 12u && !check_has_failed(); seed++) {
    network *net = network_make(300u + seed, &small);
    bo_report report = {0};
    net->subject.provision = 1;
    bo_campaign_exhaustive(&net->subject, 1, &report);
    CHECK(report.mismatches == 0u, "seed %u: %s", (unsigned)seed, report.failure);
    for (uint32_t campaign = 0; campaign < 10u; campaign++) {
      bo_campaign_random(&net->subject, seed, campaign, 60, BO_ALL_CUTS, 3, &report);
    }
    CHECK(report.mismatches == 0u, "seed %u: %s", (unsigned)seed, report.failure);
    cuts += report.cuts;
    network_free(net);
  }
  network *a = network_make(401, &small), *b = network_make(402, &small);
  for (uint32_t seed = 403; seed <= 412u; seed++) {
    for (uint32_t cut_b = 0; cut_b < 14u; cut_b++) {
      for (uint32_t cut_a = 0; cut_a < 14u; cut_a++) {
        for (uint32_t steps = 0; steps < 4u; steps++, cuts += 2u) {
          change_images(a, b, cut_a, cut_b, steps);
        }
      }
    }
    network_free(a);
    a = b;
    b = network_make(seed, &small);
  }
  /* An image that is not the model's is not taken. */
  session s;
  s.net = a;
  bo_host_nvm_make(bo_nvm_end(&a->model));
  bo_host_image(b->image, b->image_bytes);
  bo_host_power_cycle(do_infer, &s, NULL, 0);
  CHECK(s.status == BO_REFUSED, "another model's image was provisioned");
  bo_host_image(NULL, 0);
  network_free(a);
  network_free(b);
  check_note("%u cuts", (unsigned)cuts);
}

/** Bytes of the constants that went to and came from NVM. */
static struct {
  uint32_t from, to, written, read;
} moved;

static void on_write(uint32_t address, uint16_t bytes) {
  if (address >= moved.from && address < moved.to)
    moved.written += bytes;
}

static void on_read(uint32_t address, uint16_t bytes) {
  if (address >= moved.from && address < moved.to)
    moved.read += bytes;
}

static void watch(const network *net) {
  static const bo_host_meter hooks = {on_read, on_write, NULL, NULL};
  memset(&moved, 0, sizeof moved);
  moved.from = net->model.header + BO_HEADER_BYTES;
  moved.to = net->image_bytes;
  bo_host_measure(&hooks);
}

/** A first start, up to its commit; the inference is not of interest. */
static void do_start(void *context) {
  session *s = context;
  memset(&s->runtime, 0x5a, sizeof s->runtime);
  s->runtime.booted = 0;
  s->status = bo_runtime_boot(&s->runtime, &s->net->model);
  if (s->status == BO_DONE)
    s->status = bo_runtime_start(&s->runtime, s->net->inputs);
}

/** An empty NVM with the image beside it, or NVM with the image in it. */
static void power_up(const network *net, int copies) {
  bo_host_nvm_make(bo_nvm_end(&net->model));
  bo_host_image(copies ? net->image : NULL, net->image_bytes);
  if (!copies)
    memcpy(bo_host_nvm(), net->image, net->image_bytes);
}

/** What one cut of a first start costs, where no step ends a power cycle: a step, at most. */
static void bound_of(network *net, int copies, const bo_cut *cut) {
  session s = {.net = net};
  const uint32_t constants = net->model.constants_bytes;
  power_up(net, copies);
  watch(net);
  const bo_cycle_end ended = bo_host_power_cycle(do_start, &s, cut, 0);
  CHECK(ended == BO_CYCLE_CUT, "write %u is not cut", (unsigned)cut->write);
  bo_host_power_cycle(do_start, &s, NULL, 0);
  bo_host_measure(NULL);
  const uint32_t most = constants + BO_IMAGE_STEP_BYTES;
  /* A cut behind the commit finds the inference begun. */
  CHECK(s.status == BO_DONE || s.status == BO_BUSY, "status %d after write %u", (int)s.status,
        (unsigned)cut->write);
  CHECK(moved.written <= (copies ? most : 0u) && moved.read <= most,
        "a cut at write %u costs %u bytes written, %u read, of %u and a step", (unsigned)cut->write,
        (unsigned)moved.written, (unsigned)moved.read, (unsigned)constants);
  CHECK(memcmp(bo_host_nvm() + net->model.header, net->image + net->model.header,
               net->image_bytes - net->model.header) == 0,
        "write %u cut: NVM is not the image", (unsigned)cut->write);
}

static uint32_t bounds_of(network *net, int copies) {
  session s = {.net = net};
  uint32_t cuts = 0;
  power_up(net, copies);
  bo_host_power_cycle(do_start, &s, NULL, 0);
  const uint32_t writes = bo_host_writes();
  for (uint32_t write = 1; write <= writes && !check_has_failed(); write++) {
    for (uint32_t detail = 0; detail <= 16u; detail++, cuts++) {
      const bo_cut torn = {write, BO_CUT_TORN, detail};
      bound_of(net, copies, &torn);
    }
    for (uint32_t detail = 0; detail < 4u; detail++, cuts++) {
      const bo_cut lost = {write, detail == 0u ? BO_CUT_LAST_ONLY : BO_CUT_SUBSET, detail};
      bound_of(net, copies, &lost);
    }
  }
  return cuts;
}

/** Power cycles that hold a step or two bring every image in. */
static void in_small_cycles(network *net, int copies) {
  session s = {.net = net};
  /* Erasures, header, what lies before it; the chunks of a step and its record; or the input,
   * the start's record and what counters write before it; and the write that is cut. */
  const uint32_t before = 4u + net->model.header / 512u;
  const bo_cut cut = {(copies ? before + BO_IMAGE_STEP_BYTES / 512u : 0u) + 3u + BO_KEEP_COUNTERS,
                      BO_CUT_SUBSET, 7};
  const uint32_t steps = net->model.constants_bytes / BO_IMAGE_STEP_BYTES + 1u;
  uint32_t cycles = 1;
  power_up(net, copies);
  while (bo_host_power_cycle(do_start, &s, &cut, 0) == BO_CYCLE_CUT && cycles < 100u)
    cycles++;
  CHECK((s.status == BO_DONE || s.status == BO_BUSY) && cycles > 1u && cycles <= steps + 2u,
        "status %d after %u power cycles of a step each, for %u steps", (int)s.status,
        (unsigned)cycles, (unsigned)steps);
}

/** The newest record decides, where its CRC is right and it is this image's. */
static void records_of_steps(network *net) {
  session s = {.net = net};
  const uint32_t all = net->model.constants_bytes;
  uint8_t *slot = NULL;
  power_up(net, 0);
  /* Two steps of the check, then power fails. */
  const bo_cut cut = {3, BO_CUT_BEFORE, 0};
  bo_host_power_cycle(do_start, &s, &cut, 0);
  for (uint32_t i = 0; i < 2u; i++) {
    bo_image_record record;
    memcpy(&record, bo_host_nvm() + i * BO_RECORD_BYTES, sizeof record);
    CHECK(record.image_id == net->model.image_id && record.done != 0u, "slot %u has no step",
          (unsigned)i);
    CHECK(!bo_record_is_whole(&record), "a step's record passes as one of progress");
    if (record.done == 2u * BO_IMAGE_STEP_BYTES)
      slot = bo_host_nvm() + i * BO_RECORD_BYTES;
  }
  CHECK(slot != NULL, "no record of two steps");
  if (slot == NULL)
    return;
  const bo_cut next = {1, BO_CUT_BEFORE, 0};
  for (uint32_t bit = 0; bit <= 8u * BO_RECORD_BYTES; bit++) {
    const int spoilt = bit < 8u * BO_RECORD_BYTES;
    if (spoilt)
      slot[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
    watch(net);
    bo_host_power_cycle(do_start, &s, &next, 0);
    bo_host_measure(NULL);
    const uint32_t left = all - (spoilt ? 1u : 2u) * BO_IMAGE_STEP_BYTES;
    CHECK(moved.read == (left < BO_IMAGE_STEP_BYTES ? left : BO_IMAGE_STEP_BYTES),
          "bit %u flipped: %u bytes are read", (unsigned)bit, (unsigned)moved.read);
    if (spoilt)
      slot[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
  }
  /* A flip in the older slot, and then whether the newest is gone on with, is told by the reads of
   * the whole check. */
  watch(net);
  bo_host_power_cycle(do_start, &s, NULL, 0);
  bo_host_measure(NULL);
  CHECK(s.status == BO_DONE && moved.read == all - 2u * BO_IMAGE_STEP_BYTES,
        "%u bytes are read behind two steps of %u", (unsigned)moved.read, (unsigned)all);
}

void test_first_start(void) {
  uint32_t cuts = 0, steps = 0;
  for (uint32_t seed = 1; seed <= 6u && !check_has_failed(); seed++) {
    network *net = network_of_steps(seed, 2, 5, BO_SCHEME_TILE);
    bo_report report = {0};
    steps += net->model.constants_bytes / BO_IMAGE_STEP_BYTES + 1u;
    for (int copies = 0; copies <= 1; copies++) {
      net->subject.provision = copies;
      bo_campaign_exhaustive(&net->subject, 1, &report);
      CHECK(report.mismatches == 0u, "seed %u: %s", (unsigned)seed, report.failure);
      for (uint32_t campaign = 0; campaign < 10u && !check_has_failed(); campaign++)
        bo_campaign_random(&net->subject, seed, campaign, 60, BO_ALL_CUTS, 2, &report);
      CHECK(report.mismatches == 0u, "seed %u: %s", (unsigned)seed, report.failure);
      if (!check_has_failed())
        cuts += bounds_of(net, copies);
      if (!check_has_failed())
        in_small_cycles(net, copies);
    }
    records_of_steps(net);
    cuts += report.cuts;
    network_free(net);
  }
  bo_host_image(NULL, 0);
  check_note("%u cuts in networks of %u steps together", (unsigned)cuts, (unsigned)steps);
}

/** One of scheme ideal with its header behind `from`, so that steps of another image may leave it
 * and the constants whole, and with constants of one step. */
static network *network_behind(uint32_t seed, uint32_t from) {
  const network_limits wide = {.layers = 1,
                               .max_side = 14,
                               .max_channels = 8,
                               .max_batches = 20,
                               .vectors = 1,
                               .element_bytes = 2,
                               .scheme = BO_SCHEME_IDEAL};
  for (uint32_t i = 0;; i++) {
    network *net = network_make(1000u * seed + i, &wide);
    if (net->model.header >= from && net->model.constants_bytes <= BO_IMAGE_STEP_BYTES &&
        net->model.outputs <= MOST_OUTPUTS)
      return net;
    network_free(net);
  }
}

/**
 * An image half in NVM, then one that lies behind it, is whole and delivers a result where the
 * first has its constants, and power fails: the first must not trust its steps.
 */
static void beside(uint32_t seed) {
  network *half = network_of_steps(seed, 1, 2, BO_SCHEME_TILE);
  network *whole = network_behind(seed, half->model.header + BO_HEADER_BYTES + BO_IMAGE_STEP_BYTES);
  session first = {.net = half}, second = {.net = whole};
  const uint32_t room = bo_nvm_end(&half->model) + bo_nvm_end(&whole->model);
  bo_host_nvm_make(room);
  bo_host_image(whole->image, whole->image_bytes);
  bo_host_power_cycle(do_infer, &second, NULL, 0);
  const uint32_t writes = bo_host_writes();
  bo_host_image(half->image, half->image_bytes);
  bo_host_power_cycle(do_infer, &first, NULL, 1);
  bo_image_record record;
  memcpy(&record, bo_host_nvm() + BO_RECORD_BYTES, sizeof record);
  CHECK(record.done == BO_IMAGE_STEP_BYTES && record.image_id == half->model.image_id,
        "seed %u: no step in slot 1", (unsigned)seed);
  CHECK(memcmp(bo_host_nvm() + whole->model.header, whole->image + whole->model.header,
               whole->image_bytes - whole->model.header) == 0,
        "seed %u: the other image is not whole", (unsigned)seed);
  for (uint32_t back = 0; back < 3u; back++) {
    const bo_cut cut = {writes - back, BO_CUT_TORN, 7};
    bo_host_image(whole->image, whole->image_bytes);
    bo_host_power_cycle(do_infer, &second, &cut, 0);
    bo_host_image(half->image, half->image_bytes);
    bo_host_power_cycle(do_infer, &first, NULL, 0);
    CHECK(first.status == BO_DONE &&
              memcmp(first.output, half->expected, bo_output_bytes(&half->model)) == 0,
          "seed %u: status %d, or other outputs, behind an image beside", (unsigned)seed,
          (int)first.status);
  }
  network_free(half);
  network_free(whole);
}

/** Images that differ in size and place come and go under cuts; whichever stays computes rightly.
 */
void test_reflash(void) {
  uint32_t random = bo_host_seed(77, 78), done = 0, cuts = 0, flashes = 0;
  for (uint32_t round = 0; round < 12u && !check_has_failed(); round++) {
    network *nets[IMAGES];
    uint32_t room = 0;
    for (uint32_t i = 0; i < IMAGES; i++) {
      const uint32_t seed = 50u + IMAGES * round + i;
      nets[i] = i % 2u == 0u ? network_of_steps(seed, 1, 4, (uint8_t)(round % 5u))
                             : network_make(seed, &small);
      if (bo_nvm_end(&nets[i]->model) > room)
        room = bo_nvm_end(&nets[i]->model);
    }
    bo_host_nvm_make(room);
    for (uint32_t flash = 0; flash < 400u && !check_has_failed(); flash++, flashes++) {
      session s = {.net = nets[(bo_host_random(&random) >> 8) % IMAGES]};
      const uint32_t cycles = 1u + (bo_host_random(&random) >> 8) % 12u;
      bo_host_image(s.net->image, s.net->image_bytes);
      for (uint32_t i = 0; i < cycles; i++) {
        const bo_cut cut = {(bo_host_random(&random) >> 8) % 24u,
                            (bo_cut_mode)((bo_host_random(&random) >> 8) % BO_CUT_MODES),
                            bo_host_random(&random) >> 20};
        const bo_cycle_end ended =
            bo_host_power_cycle(do_infer, &s, &cut, (int)(bo_host_random(&random) >> 9 & 1u));
        cuts += ended == BO_CYCLE_CUT;
        if (ended != BO_CYCLE_RETURNED)
          continue;
        CHECK(s.status == BO_DONE &&
                  memcmp(s.output, s.net->expected, bo_output_bytes(&s.net->model)) == 0,
              "round %u, flash %u: status %d, or other outputs", (unsigned)round, (unsigned)flash,
              (int)s.status);
        done++;
        break;
      }
    }
    for (uint32_t i = 0; i < IMAGES; i++)
      network_free(nets[i]);
  }
  for (uint32_t seed = 1; seed <= 8u && !check_has_failed(); seed++)
    beside(900u + seed);
  bo_host_image(NULL, 0);
  CHECK(done > 500u || check_has_failed(), "only %u results", (unsigned)done);
  check_note("%u cuts, %u images flashed, %u results", (unsigned)cuts, (unsigned)flashes,
             (unsigned)done);
}
