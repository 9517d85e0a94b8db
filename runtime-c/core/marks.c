#include <stddef.h>

#include "crc.h"
#include "nest.h"
#include "nvm.h"
#include "planted.h"
#include "scheme.h"

#if BO_HAS_SCHEME(BO_SCHEME_HAWAII)
_Static_assert(sizeof(bo_mark) == BO_MARK_BYTES, "mark layout");

static uint32_t address_of(const bo_model *model, uint32_t slot) {
  return bo_marks_address(model->outputs, bo_code_bytes(model)) + slot * BO_MARK_BYTES;
}

static uint16_t crc_of(const bo_mark *mark, const bo_record *record) {
  const uint16_t start = BO_BUG_MARK_OF_ANOTHER ? BO_CRC16_START : record->crc;
  return bo_crc16(start, mark, offsetof(bo_mark, crc));
}

static int is_of(const bo_mark *mark, const bo_record *record, uint32_t outputs) {
  if (mark->outputs == 0u || mark->outputs >= outputs)
    return 0;
  if (mark->crc != crc_of(mark, record) && !BO_BUG_ACCEPT_TORN_MARK)
    return 0;
  return mark->record == (uint16_t)record->sequence || BO_BUG_MARK_OF_ANOTHER;
}

void bo_marks_read(bo_progress *progress) {
  const bo_model *model = progress->model;
  const bo_layer *layer = &model->layers[progress->record.layer];
  const bo_nest nest = bo_nest_make(&layer->shape, &layer->design);
  const uint32_t outputs = bo_outputs_sent(&layer->shape, &layer->design, &nest);
  for (uint8_t slot = 0; slot < 2u; slot++) {
    bo_mark mark;
    bo_nvm_read(address_of(model, slot), &mark, BO_MARK_BYTES);
    if (is_of(&mark, &progress->record, outputs) && mark.outputs > progress->sent) {
      progress->sent = mark.outputs;
      progress->mark_slot = (uint8_t)(1u - slot);
    }
  }
}

void bo_mark_write(bo_progress *progress) {
  bo_mark mark;
  mark.outputs = progress->sent;
  mark.record = (uint16_t)progress->record.sequence;
  mark.crc = crc_of(&mark, &progress->record);
  if (!BO_BUG_MARK_WITHOUT_CONFIRM)
    bo_port_confirm();
  BO_COUNT(marks, 1);
  bo_nvm_write(address_of(progress->model, BO_BUG_MARK_IN_ONE_SLOT ? 0u : progress->mark_slot),
               &mark, BO_MARK_BYTES);
  progress->mark_slot = (uint8_t)(1u - progress->mark_slot);
  /* The next group may overwrite what this one read: not before the mark is safe. */
  if (!BO_BUG_MARK_UNCONFIRMED)
    bo_port_confirm();
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int bo_marks_left_out;
#endif
