/** Answers as native/addon.ts describes them. */
#pragma once

#include "network.h"

#include <napi.h>

namespace brownout {

Napi::Object write_costed(Napi::Env env, const CostedDesign &costed);

Napi::Object write_answer(Napi::Env env, const NetworkAnswer &answer);

} // namespace brownout
