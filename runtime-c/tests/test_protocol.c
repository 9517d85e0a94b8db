/** Records, results, image. */
#include <string.h>

#include "check.h"
#include "crc.h"
#include "kept.h"
#include "network.h"
#include "port.h"
#include "runtime.h"

static const network_limits small = {
    .layers = 2, .max_side = 5, .max_channels = 4, .max_batches = 12, .vectors = 2};

static void forget(bo_runtime *runtime) {
  memset(runtime, 0x5a, sizeof *runtime);
  runtime->booted = 0;
}

/** NVM as the network's image programs it, and a runtime that has just come out of reset. */
static network *power_up(uint32_t seed, bo_runtime *runtime) {
  network *net = network_make(seed, &small);
  bo_host_nvm_make(bo_nvm_end(&net->model));
  bo_host_image(NULL, 0);
  memcpy(bo_host_nvm(), net->image, net->image_bytes);
  forget(runtime);
  return net;
}

/** Runs `step` in a power cycle of its own, so that what it wrote is in NVM. */
typedef struct {
  network *net;
  bo_runtime runtime;
  int16_t output[512];
  bo_status status;
} session;

static void do_infer(void *context) {
  session *s = context;
  forget(&s->runtime);
  s->status = bo_runtime_infer(&s->runtime, &s->net->model, s->net->inputs, s->output);
}

static void do_infer_and_release(void *context) {
  session *s = context;
  do_infer(s);
  bo_runtime_release(&s->runtime);
}

static void do_resume(void *context) {
  session *s = context;
  forget(&s->runtime);
  s->status = bo_runtime_infer(&s->runtime, &s->net->model, NULL, s->output);
}

static void do_start(void *context) {
  session *s = context;
  forget(&s->runtime);
  s->status = bo_runtime_boot(&s->runtime, &s->net->model);
  if (s->status == BO_DONE)
    s->status = bo_runtime_start(&s->runtime, s->net->inputs);
}

static void do_run(void *context) {
  session *s = context;
  forget(&s->runtime);
  s->status = bo_runtime_boot(&s->runtime, &s->net->model);
  if (s->status == BO_DONE)
    s->status = bo_runtime_run(&s->runtime);
}

static bo_status in_one_cycle(void (*step)(void *), session *s) {
  bo_host_power_cycle(step, s, NULL, 0);
  return s->status;
}

static void put_record(uint32_t slot, bo_record record) {
  record.crc = bo_crc16(BO_CRC16_START, &record, 14);
  memcpy(bo_host_nvm() + slot * BO_RECORD_BYTES, &record, sizeof record);
}

static void boot(void *context) {
  session *s = context;
  forget(&s->runtime);
  bo_runtime_boot(&s->runtime, &s->net->model);
}

void test_records(void) {
  session s;
  s.net = power_up(11, &s.runtime);
  const uint16_t id = s.net->model.image_id;
  const bo_record older = {7, 0, 3, 0, id, 0}, newer = {8, 1, 3, 0, id, 0};
  bo_host_power_cycle(boot, &s, NULL, 0);
  CHECK(s.runtime.progress.fresh && s.runtime.progress.record.layer == 3, "erased NVM is idle");
  memset(bo_host_nvm(), 0, BO_NVM_RESULTS);
  bo_host_power_cycle(boot, &s, NULL, 0);
  CHECK(s.runtime.progress.fresh, "zeroed NVM is idle");

  put_record(1, older);
  put_record(0, newer);
  bo_host_power_cycle(boot, &s, NULL, 0);
  CHECK(s.runtime.progress.record.sequence == 8u, "the higher sequence wins");
  for (uint32_t bit = 0; bit < 8u * BO_RECORD_BYTES; bit++) {
    bo_host_nvm()[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
    bo_host_power_cycle(boot, &s, NULL, 0);
    CHECK(s.runtime.progress.record.sequence == 7u, "record with bit %u flipped is taken", bit);
    bo_host_nvm()[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
  }
  bo_record other = newer;
  other.image_id ^= 1u;
  put_record(0, other);
  bo_host_power_cycle(boot, &s, NULL, 0);
  CHECK(s.runtime.progress.record.sequence == 7u, "another image's record is taken");

  bo_record beyond = newer;
  beyond.batch = 1000;
  put_record(0, beyond);
  CHECK(in_one_cycle(do_infer, &s) == BO_REFUSED, "a batch that the layer has not is run");

  const bo_record last = {0xffffffffu, 0, 3, 0, id, 0}, wrapped = {0, 1, 3, 0, id, 0};
  put_record(1, last);
  put_record(0, wrapped);
  bo_host_power_cycle(boot, &s, NULL, 0);
  CHECK(s.runtime.progress.record.sequence == 0u, "0 follows 0xffffffff");
  network_free(s.net);
}

void test_results(void) {
  session s;
  s.net = power_up(12, &s.runtime);
  const size_t bytes = bo_output_bytes(&s.net->model);
  CHECK(in_one_cycle(do_resume, &s) == BO_NONE, "nothing to do without input");
  CHECK(in_one_cycle(do_infer, &s) == BO_DONE && s.runtime.inference == 1, "first result");
  for (int again = 0; again < 3; again++) {
    CHECK(in_one_cycle(do_infer, &s) == BO_DONE && s.runtime.inference == 1,
          "an unreleased result comes again");
    CHECK(memcmp(s.output, s.net->expected, bytes) == 0, "and is the same");
  }
  in_one_cycle(do_infer_and_release, &s);
  CHECK(in_one_cycle(do_resume, &s) == BO_NONE, "a released result never comes again");
  CHECK(in_one_cycle(do_infer_and_release, &s) == BO_DONE && s.runtime.inference == 2, "the next");

  /* Two may wait; the third is refused; the older comes out first. */
  CHECK(in_one_cycle(do_start, &s) == BO_DONE, "start 3");
  CHECK(in_one_cycle(do_start, &s) == BO_BUSY, "one at a time");
  CHECK(in_one_cycle(do_run, &s) == BO_DONE, "run 3");
  CHECK(in_one_cycle(do_start, &s) == BO_DONE, "start 4 while 3 waits");
  CHECK(in_one_cycle(do_run, &s) == BO_DONE, "run 4");
  CHECK(in_one_cycle(do_start, &s) == BO_FULL, "a third result would overwrite one");
  CHECK(in_one_cycle(do_infer_and_release, &s) == BO_DONE && s.runtime.inference == 3, "3 first");
  CHECK(in_one_cycle(do_start, &s) == BO_DONE, "start 5 after a release");
  CHECK(in_one_cycle(do_run, &s) == BO_DONE, "run 5");
  CHECK(in_one_cycle(do_infer_and_release, &s) == BO_DONE && s.runtime.inference == 4, "then 4");
  CHECK(in_one_cycle(do_infer_and_release, &s) == BO_DONE && s.runtime.inference == 5, "then 5");

  /* A slot that does not hold what the records say is refused, not delivered. */
  CHECK(in_one_cycle(do_infer, &s) == BO_DONE && s.runtime.inference == 6, "result 6");
  bo_host_nvm()[BO_NVM_RESULTS + BO_RESULT_HEADER_BYTES] ^= 1u;
  CHECK(in_one_cycle(do_infer, &s) == BO_REFUSED, "a spoilt result is delivered");
  network_free(s.net);
}

void test_image(void) {
  session s;
  s.net = power_up(13, &s.runtime);
  const bo_model *model = &s.net->model;
  for (uint32_t at = model->header; at < s.net->image_bytes; at++) {
    memcpy(bo_host_nvm(), s.net->image, s.net->image_bytes);
    bo_host_nvm()[at] ^= 0x10u;
    CHECK(in_one_cycle(do_infer, &s) == BO_REFUSED, "byte %u of the image is wrong, and runs", at);
  }
  memset(bo_host_nvm(), 0xff, bo_host_nvm_bytes());
  CHECK(in_one_cycle(do_infer, &s) == BO_REFUSED, "an erased image runs");

  /* The whole image of another network, and a model that does not fit VM. */
  memcpy(bo_host_nvm(), s.net->image, s.net->image_bytes);
  CHECK(in_one_cycle(do_infer_and_release, &s) == BO_DONE, "the right image runs");
  s.net->model.image_id ^= 0x100u;
  CHECK(in_one_cycle(do_infer, &s) == BO_REFUSED, "another model's image runs");
  s.net->model.image_id ^= 0x100u;
  bo_host_vm(s.net->model.vm_bytes - 4u);
  CHECK(in_one_cycle(do_infer, &s) == BO_REFUSED, "a model larger than VM runs");
  bo_host_vm(s.net->model.vm_bytes);
  CHECK(in_one_cycle(do_infer, &s) == BO_DONE, "a model as large as VM does not run");
  bo_host_vm(BO_HOST_VM_BYTES);
  network_free(s.net);
}

/** Whatever NVM holds, with CRCs that fit or not: no access outside, an end, and no half result. */
void test_hostile(void) {
  uint32_t random = bo_host_seed(21, 21);
  uint32_t ends[5] = {0};
  session s;
  s.net = power_up(15, &s.runtime);
  for (uint32_t round = 0; round < 20000u; round++) {
    uint8_t *nvm = bo_host_nvm();
    memcpy(nvm, s.net->image, s.net->image_bytes);
    for (uint32_t slot = 0; slot < 2u; slot++) {
      const uint32_t dice = bo_host_random(&random);
      const uint16_t inference = (uint16_t)(dice >> 8 & 3u);
      bo_record record = {dice >> 28,
                          (uint16_t)(dice >> 10 & 3u),
                          inference,
                          (dice >> 13 & 1u) != 0u ? dice : dice >> 29,
                          s.net->model.image_id,
                          0};
      bo_release release = {(uint16_t)(dice >> 16 & 3u), (uint16_t)(dice >> 18 & 3u),
                            s.net->model.image_id, 0};
      if ((dice >> 20 & 7u) != 0u)
        put_record(slot, record);
      release.crc = bo_crc16(BO_CRC16_START, &release, 6);
      if ((dice >> 23 & 1u) != 0u) {
        memcpy(nvm + BO_NVM_RELEASES + slot * BO_RELEASE_BYTES, &release, sizeof release);
      }
    }
    for (uint32_t i = bo_host_random(&random) >> 29; i != 0u; i--) {
      nvm[(bo_host_random(&random) >> 8) % s.net->image_bytes] = (uint8_t)round;
    }
    ends[in_one_cycle(do_infer, &s)]++;
  }
  CHECK(ends[BO_DONE] != 0u && ends[BO_REFUSED] != 0u, "all ends alike");
  check_note("%u results, %u refusals", (unsigned)ends[BO_DONE], (unsigned)ends[BO_REFUSED]);
  network_free(s.net);
}

void test_sequence_wrap(void) {
  /* Sequence and inference number start just below their wraps and cross them under cuts. */
  session s;
  s.net = power_up(14, &s.runtime);
  const bo_model *model = &s.net->model;
  const bo_record near_end = {0xfffffff9u, 3, 0xfffeu, 0, model->image_id, 0};
  bo_release release = {0xfffeu, 0xfffeu, model->image_id, 0};
  release.crc = bo_crc16(BO_CRC16_START, &release, 6);
  memcpy(bo_host_nvm() + BO_NVM_RELEASES, &release, sizeof release);
  put_record(1, near_end);
  uint32_t random = bo_host_seed(5, 5);
  uint16_t wanted = 0xffffu;
  for (uint32_t cycle = 0; cycle < 4000u && wanted != 12u; cycle++) {
    const bo_cut cut = {1u + (bo_host_random(&random) >> 8) % 24u, BO_CUT_SUBSET, cycle};
    s.status = BO_NONE;
    const bo_cycle_end end =
        bo_host_power_cycle(do_infer_and_release, &s, cycle % 3u != 0u ? &cut : NULL, 0);
    if (end != BO_CYCLE_RETURNED) {
      /* The release may or may not have reached NVM before the cut. */
      if (s.status == BO_DONE) {
        CHECK(s.runtime.inference == wanted, "inference %u, not %u", s.runtime.inference, wanted);
        if (in_one_cycle(do_resume, &s) == BO_NONE)
          wanted++;
      }
      continue;
    }
    CHECK(s.status == BO_DONE && s.runtime.inference == wanted, "inference %u, not %u (%d)",
          s.runtime.inference, wanted, (int)s.status);
    CHECK(memcmp(s.output, s.net->expected, bo_output_bytes(model)) == 0, "output differs");
    wanted++;
  }
  CHECK(wanted == 12u, "stopped before inference %u", wanted);
  network_free(s.net);
}
