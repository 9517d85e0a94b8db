/** Answers as native/addon.ts describes them. */
#pragma once

#include "network.h"

#include <napi.h>

namespace brownout {

template <class Numbers> Napi::Array write_numbers(Napi::Env env, const Numbers &numbers) {
  Napi::Array out = Napi::Array::New(env);
  uint32_t at = 0;
  for (const auto number : numbers)
    out[at++] = static_cast<double>(number);
  return out;
}

Napi::Object write_costed(Napi::Env env, const CostedDesign &costed);

Napi::Object write_answer(Napi::Env env, const NetworkAnswer &answer);

} // namespace brownout
