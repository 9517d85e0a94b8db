#include "comp_e.h"

enum { CEIPEN = 0x0080, CEIMEN = 0x8000, CEIPSEL = 0x000f };
enum { CEON = 0x0400, CEOUTPOL = 0x0002, CEOUT = 0x0001 };
enum { CERSEL = 0x0020, CERS = 0x00c0, CERS_LADDER = 0x0080 };

void comp_e_reset(comp_e *unit) {
  for (int i = 0; i < 4; i++)
    unit->control[i] = 0;
}

/* Volts at V-: the reference by CEREFL, divided by tap CEREF0. 0: none. */
static double threshold_V(const comp_e *unit) {
  static const double reference_V[4] = {0.0, 1.2, 2.0, 2.5};
  const unsigned set = unit->control[2];
  if ((set & CERS) != CERS_LADDER || (set & CERSEL) == 0u || (set & 0x1fu) != (set >> 8 & 0x1fu))
    return 0.0;
  return reference_V[set >> 13 & 3u] * ((set & 0x1fu) + 1u) / 32.0;
}

static uint16_t output(comp_e *unit, double supply_V) {
  const unsigned inputs = unit->control[0], modes = unit->control[1];
  const double threshold = threshold_V(unit);
  const unsigned buffer_off = unit->control[3] >> unit->channel & 1u;
  if ((modes & (CEON | CEOUTPOL)) != CEON || (inputs & (CEIPEN | CEIMEN)) != CEIPEN ||
      (inputs & CEIPSEL) != unit->channel || threshold <= 0.0 || !buffer_off) {
    unit->misuses++;
    return 0;
  }
  return supply_V / 2.0 > threshold ? CEOUT : 0;
}

uint16_t comp_e_read(comp_e *unit, uint32_t offset, double supply_V) {
  if (offset == 2u)
    return (uint16_t)((unit->control[1] & ~(unsigned)CEOUT) | output(unit, supply_V));
  return offset < 8u ? unit->control[offset / 2u] : 0;
}

int comp_e_write(comp_e *unit, uint32_t offset, uint16_t value) {
  if (offset >= 8u)
    return 0;
  unit->control[offset / 2u] = value;
  return 1;
}
