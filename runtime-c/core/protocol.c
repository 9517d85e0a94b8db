#include "protocol.h"

#include <stddef.h>

#include "crc.h"
#include "kept.h"
#include "nest.h"
#include "nvm.h"
#include "planted.h"
#include "scheme.h"

_Static_assert(sizeof(bo_record) == BO_RECORD_BYTES, "record layout");
_Static_assert(sizeof(bo_release) == BO_RELEASE_BYTES, "release layout");
_Static_assert(sizeof(bo_result) == BO_RESULT_HEADER_BYTES, "result layout");
_Static_assert(sizeof(bo_header) == BO_HEADER_BYTES, "header layout");

int bo_record_is_whole(const void *record) {
  const bo_record *in = record;
  return in->crc == bo_crc16(BO_CRC16_START, in, offsetof(bo_record, crc));
}

static int record_valid(const bo_record *record, const bo_model *model) {
  if (!bo_record_is_whole(record) && !BO_BUG_ACCEPT_TORN_RECORD)
    return 0;
  if (record->image_id != model->image_id && !BO_BUG_ACCEPT_OTHER_IMAGE)
    return 0;
  return record->layer <= model->layer_count + 1u;
}

/** Serial arithmetic: whether `a` comes after `b`. */
static int later(uint32_t a, uint32_t b) {
  if (BO_BUG_SEQUENCE_WRAP)
    return a > b;
  return a != b && (uint32_t)(a - b) < 0x80000000u;
}

static int later16(uint16_t a, uint16_t b) { return a != b && (uint16_t)(a - b) < 0x8000u; }

void bo_progress_read(bo_progress *progress, const bo_model *model) {
  bo_record records[2];
  /* Counted when it is known which layer the boot serves. */
  bo_port_nvm_read(BO_NVM_RECORDS, &records[0], BO_RECORD_BYTES);
  bo_port_nvm_read(BO_NVM_RECORDS + BO_RECORD_BYTES, &records[1], BO_RECORD_BYTES);
  const int valid0 = record_valid(&records[0], model);
  const int valid1 = record_valid(&records[1], model);
  progress->model = model;
  progress->fresh = (uint8_t)(!valid0 && !valid1);
  if (progress->fresh) {
    progress->record.sequence = 0;
    progress->record.layer = (uint16_t)(model->layer_count + 1u);
    progress->record.inference = 0;
    progress->record.batch = 0;
    progress->record.image_id = model->image_id;
  } else if (valid0 && valid1) {
    progress->record = records[later(records[1].sequence, records[0].sequence)];
  } else {
    progress->record = records[valid1];
  }
  if (BO_BUG_OFF_BY_ONE_BATCH && progress->record.layer < model->layer_count) {
    progress->record.batch += progress->record.batch != 0u;
  }
  BO_COUNT_LAYER(bo_min(progress->record.layer, model->layer_count));
  BO_COUNT(reads, 2);
  BO_COUNT(read_bytes, 2u * BO_RECORD_BYTES);
}

void bo_records_erase(void) {
  static const bo_record nothing;
  bo_record records[2];
  int whole[2];
  for (uint32_t i = 0; i < 2u; i++) {
    bo_nvm_read(BO_NVM_RECORDS + i * BO_RECORD_BYTES, &records[i], BO_RECORD_BYTES);
    whole[i] = bo_record_is_whole(&records[i]);
  }
  const uint32_t older =
      !whole[0] || (whole[1] && later(records[1].sequence, records[0].sequence)) ? 0u : 1u;
  for (uint32_t i = 0; i < 2u; i++) {
    bo_nvm_write(BO_NVM_RECORDS + (older ^ i) * BO_RECORD_BYTES, &nothing, BO_RECORD_BYTES);
    bo_port_confirm();
  }
}

void bo_releases_read(bo_progress *progress) {
  bo_release *release = &progress->release;
  bo_release slots[2];
  int valid[2];
  bo_nvm_read(BO_NVM_RELEASES, &slots[0], BO_RELEASE_BYTES);
  bo_nvm_read(BO_NVM_RELEASES + BO_RELEASE_BYTES, &slots[1], BO_RELEASE_BYTES);
  for (int i = 0; i < 2; i++) {
    valid[i] = slots[i].crc == bo_crc16(BO_CRC16_START, &slots[i], offsetof(bo_release, crc)) &&
               slots[i].image_id == progress->model->image_id;
  }
  if (valid[0] || valid[1]) {
    const int second = valid[1] && (!valid[0] || later16(slots[1].sequence, slots[0].sequence));
    *release = slots[second];
  } else {
    release->inference = 0;
    release->sequence = 0;
    release->image_id = progress->model->image_id;
  }
}

void bo_commit(bo_progress *progress, uint16_t layer, uint16_t inference, uint32_t batch) {
  bo_record *record = &progress->record;
  if (!BO_BUG_NO_CONFIRM)
    bo_port_confirm();
  record->sequence++;
  record->layer = layer;
  record->inference = inference;
  record->batch = batch;
  record->image_id = progress->model->image_id;
  record->crc = bo_crc16(BO_CRC16_START, record, offsetof(bo_record, crc));
  progress->fresh = 0;
  BO_COUNT(commits, 1);
  if (BO_BUG_KEPT_EARLY)
    bo_kept_commit();
  const uint32_t slot = BO_BUG_WRONG_SLOT ? 0u : record->sequence & 1u;
  bo_nvm_write(BO_NVM_RECORDS + slot * BO_RECORD_BYTES, record, BO_RECORD_BYTES);
  /* The next step may overwrite what this one read: not before the record is safe. */
  if (!BO_BUG_RECORD_UNCONFIRMED)
    bo_port_confirm();
  if (!BO_BUG_KEPT_EARLY)
    bo_kept_commit();
  if (bo_is_scheme(progress->model, BO_SCHEME_TILE))
    bo_port_after_commit();
}

uint16_t bo_results_waiting(const bo_progress *progress) {
  const bo_record *record = &progress->record;
  const uint16_t whole =
      (uint16_t)(record->layer == progress->model->layer_count + 1u ? record->inference
                                                                    : record->inference - 1u);
  return (uint16_t)(whole - progress->release.inference);
}

static uint32_t result_address(const bo_model *model, uint16_t inference) {
  return BO_NVM_RESULTS + (inference & 1u) * bo_result_stride(model->outputs, bo_code_bytes(model));
}

void bo_result_write(const bo_progress *progress) {
  const bo_model *model = progress->model;
  const bo_layer *last = &model->layers[model->layer_count - 1u];
  const uint16_t bytes = (uint16_t)bo_output_bytes(model);
  bo_result *result = (bo_result *)(void *)bo_vm;
  void *outputs = &result[1];
  bo_nvm_read(last->output, outputs, bytes);
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  if (bo_is_scheme(model, BO_SCHEME_STATEFUL))
    bo_states_strip(outputs, model->outputs, bo_code_bytes(model));
#endif
  result->inference = progress->record.inference;
  result->image_id = model->image_id;
  result->outputs = model->outputs;
  const uint16_t crc = bo_crc16(BO_CRC16_START, result, offsetof(bo_result, crc));
  result->crc = bo_crc16(crc, outputs, bytes);
  bo_nvm_write(result_address(model, result->inference), result,
               (uint16_t)(BO_RESULT_HEADER_BYTES + bytes));
}

int bo_result_read(const bo_progress *progress, uint16_t inference, void *output) {
  const bo_model *model = progress->model;
  const uint32_t address = result_address(model, inference);
  const uint16_t bytes = (uint16_t)bo_output_bytes(model);
  bo_result result;
  bo_nvm_read(address, &result, BO_RESULT_HEADER_BYTES);
  bo_nvm_read(address + BO_RESULT_HEADER_BYTES, output, bytes);
  const uint16_t crc = bo_crc16(BO_CRC16_START, &result, offsetof(bo_result, crc));
  return result.inference == inference && result.image_id == model->image_id &&
         result.outputs == model->outputs && result.crc == bo_crc16(crc, output, bytes);
}

void bo_release_write(bo_progress *progress, uint16_t inference) {
  bo_release *release = &progress->release;
  release->inference = inference;
  release->sequence++;
  release->image_id = progress->model->image_id;
  release->crc = bo_crc16(BO_CRC16_START, release, offsetof(bo_release, crc));
  if (!BO_BUG_DELIVER_TWICE) {
    bo_nvm_write(BO_NVM_RELEASES + (release->sequence & 1u) * BO_RELEASE_BYTES, release,
                 BO_RELEASE_BYTES);
  }
  bo_port_confirm();
}
