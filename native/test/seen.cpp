#include "seen.h"

namespace test {

void (*mac_seen)(uint16_t length) = nullptr;

} // namespace test

namespace {

void tell(uint16_t length) {
  if (test::mac_seen != nullptr)
    test::mac_seen(length);
}

} // namespace

/* The kernels are wrapped by the linker (--wrap). */
extern "C" {
int32_t __real_bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n);
int32_t __wrap_bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  tell(n);
  return __real_bo_dot_s16(a, b, n);
}
int32_t __real_bo_dot_s16_strided(const int16_t *a, uint16_t step, const int16_t *b, uint16_t n);
int32_t __wrap_bo_dot_s16_strided(const int16_t *a, uint16_t step, const int16_t *b, uint16_t n) {
  tell(n);
  return __real_bo_dot_s16_strided(a, step, b, n);
}
int32_t __real_bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n);
int32_t __real_bo_dot_s8_strided(const int8_t *a, uint16_t step, const int8_t *b, uint16_t n);
int32_t __wrap_bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  tell(n);
  return __real_bo_dot_s8(a, b, n);
}
int32_t __wrap_bo_dot_s8_strided(const int8_t *a, uint16_t step, const int8_t *b, uint16_t n) {
  tell(n);
  return __real_bo_dot_s8_strided(a, step, b, n);
}
}
