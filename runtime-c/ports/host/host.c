#include "host.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

uint32_t bo_vm[BO_HOST_VM_BYTES / 4u];
static uint32_t vm_bytes = BO_HOST_VM_BYTES;

typedef struct {
  uint32_t address, bytes;
  size_t data; /**< offset into `pending_data` */
} write_entry;

static uint8_t *seen;    /* what reads see */
static uint8_t *durable; /* what a cut would leave of confirmed writes */
static uint32_t size_bytes;
static write_entry *pending;
static size_t pending_count, pending_room;
static uint8_t *pending_data;
static size_t data_bytes, data_room;
static uint32_t *write_sizes;
static size_t sizes_room;
static uint32_t writes;
static bo_cut cut_plan;
static int off;
static jmp_buf power;
static const uint8_t *image_data;
static uint32_t image_size;
static const bo_host_meter *meter;

uint32_t bo_host_random(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

uint32_t bo_host_seed(uint32_t a, uint32_t b) {
  uint32_t x = a * 0x9e3779b9u ^ (b + 0x7f4a7c15u) * 0x85ebca6bu;
  x ^= x >> 16;
  x *= 0xc2b2ae35u;
  x ^= x >> 13;
  return x == 0u ? 1u : x;
}

static void *grown(void *old, size_t *room, size_t need, size_t element_bytes) {
  if (need <= *room)
    return old;
  *room = need * 2u;
  void *made = realloc(old, *room * element_bytes);
  if (made == NULL) {
    fputs("out of memory\n", stderr);
    exit(70);
  }
  return made;
}

void bo_host_nvm_make(uint32_t bytes) {
  free(seen);
  free(durable);
  size_t room = 0;
  seen = grown(NULL, &room, bytes, 1);
  room = 0;
  durable = grown(NULL, &room, bytes, 1);
  size_bytes = bytes;
  memset(seen, 0xff, bytes);
  memset(durable, 0xff, bytes);
  pending_count = data_bytes = 0;
}

uint8_t *bo_host_nvm(void) { return durable; }
uint32_t bo_host_nvm_bytes(void) { return size_bytes; }
uint32_t bo_host_writes(void) { return writes; }
uint32_t bo_host_write_bytes(uint32_t index) { return write_sizes[index - 1u]; }

void bo_host_image(const uint8_t *image, uint32_t bytes) {
  image_data = image;
  image_size = bytes;
}

static void keep_in(uint8_t *nvm, const write_entry *entry, uint32_t bytes) {
  memcpy(nvm + entry->address, pending_data + entry->data, bytes);
}

static void keep_all_but_in(uint8_t *nvm, size_t last) {
  for (size_t i = 0; i + last < pending_count; i++)
    keep_in(nvm, &pending[i], pending[i].bytes);
}

static void keep(const write_entry *entry, uint32_t bytes) { keep_in(durable, entry, bytes); }
static void keep_all_but(size_t last) { keep_all_but_in(durable, last); }

/** What a cut leaves of the writes that are not confirmed. */
static void leave(uint8_t *nvm, const bo_cut *cut) {
  const write_entry *entry = &pending[pending_count - 1u];
  uint32_t random = bo_host_seed(cut->detail, cut->write);
  switch (cut->mode) {
  case BO_CUT_TORN:
    keep_all_but_in(nvm, 1);
    keep_in(nvm, entry, cut->detail < entry->bytes ? cut->detail : entry->bytes);
    break;
  case BO_CUT_LAST_ONLY:
    keep_in(nvm, entry, entry->bytes);
    break;
  case BO_CUT_SUBSET:
    for (size_t i = 0; i < pending_count; i++) {
      const uint32_t dice = bo_host_random(&random) >> 8;
      if (dice % 3u == 0u)
        keep_in(nvm, &pending[i], pending[i].bytes);
      if (dice % 3u == 1u)
        keep_in(nvm, &pending[i], (dice >> 4) % pending[i].bytes);
    }
    break;
  default:
    keep_all_but_in(nvm, 1);
  }
}

static void cut_now(void) {
  leave(durable, &cut_plan);
  longjmp(power, 1 + BO_CYCLE_CUT);
}

void bo_host_after_cut(const bo_cut *cut, uint8_t *nvm) {
  memcpy(nvm, durable, size_bytes);
  leave(nvm, cut);
}

uint32_t bo_host_unconfirmed(void) { return (uint32_t)pending_count; }

void bo_host_measure(const bo_host_meter *told) { meter = told; }

void bo_host_power_fails(uint32_t torn_bytes) {
  if (torn_bytes == BO_HOST_NO_WRITE) {
    keep_all_but(0);
  } else {
    const write_entry *entry = &pending[pending_count - 1u];
    keep_all_but(1);
    keep(entry, torn_bytes < entry->bytes ? torn_bytes : entry->bytes);
  }
  longjmp(power, 1 + BO_CYCLE_CUT);
}

static void check(uint32_t address, uint32_t bytes, const char *what) {
  if (bytes == 0u || bytes > size_bytes || address > size_bytes - bytes) {
    fprintf(stderr, "NVM %s of %u bytes at %u: outside its %u bytes, or empty\n", what,
            (unsigned)bytes, (unsigned)address, (unsigned)size_bytes);
    abort();
  }
}

void bo_host_vm(uint32_t bytes) { vm_bytes = bytes; }
uint32_t bo_port_vm_bytes(void) { return vm_bytes; }

void bo_port_init(void) {}

void bo_port_nvm_read(uint32_t address, void *to, uint16_t bytes) {
  check(address, bytes, "read");
  if (meter != NULL)
    meter->read(address, bytes);
  memcpy(to, seen + address, bytes);
}

void bo_port_nvm_write(uint32_t address, const void *from, uint16_t bytes) {
  check(address, bytes, "write");
  pending = grown(pending, &pending_room, pending_count + 1u, sizeof *pending);
  pending_data = grown(pending_data, &data_room, data_bytes + bytes, 1);
  write_sizes = grown(write_sizes, &sizes_room, writes + 1u, sizeof *write_sizes);
  memcpy(pending_data + data_bytes, from, bytes);
  pending[pending_count++] = (write_entry){address, bytes, data_bytes};
  data_bytes += bytes;
  if (meter != NULL)
    meter->write(address, bytes);
  memcpy(seen + address, from, bytes);
  write_sizes[writes++] = bytes;
  if (writes == cut_plan.write)
    cut_now();
}

void bo_port_confirm(void) {
  keep_all_but(0);
  pending_count = data_bytes = 0;
  if (meter != NULL && meter->confirmed != NULL)
    meter->confirmed();
}

void bo_port_after_commit(void) {
  if (off || (meter != NULL && meter->sleeps != NULL && meter->sleeps()))
    longjmp(power, 1 + BO_CYCLE_OFF);
}

uint32_t bo_port_image_bytes(void) { return image_data == NULL ? 0 : image_size; }

void bo_port_image_read(uint32_t at, void *to, uint16_t bytes) {
  memcpy(to, image_data + at, bytes);
}

bo_cycle_end bo_host_power_cycle(void (*program)(void *), void *context, const bo_cut *cut,
                                 int off_after_commit) {
  static const bo_cut no_cut = {0, BO_CUT_BEFORE, 0};
  memset(bo_vm, 0xa5, sizeof bo_vm);
  memcpy(seen, durable, size_bytes);
  pending_count = data_bytes = 0;
  writes = 0;
  cut_plan = cut == NULL ? no_cut : *cut;
  off = off_after_commit;
  const int end = setjmp(power);
  if (end == 0) {
    program(context);
    bo_port_confirm();
    return BO_CYCLE_RETURNED;
  }
  /* Switching off comes behind a commit, which left nothing unconfirmed, unless a defect is
   * planted. */
  pending_count = data_bytes = 0;
  return (bo_cycle_end)(end - 1);
}
