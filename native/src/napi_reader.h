/** Plain objects from TypeScript, field by field. */
#pragma once

#include "network.h"

#include <napi.h>

#include <cmath>
#include <string>
#include <utility>

namespace brownout {

/** Reads fields and says which one is wrong. */
class Reader {
public:
  Reader(const Napi::Object &object, std::string path) : object_(object), path_(std::move(path)) {}

  double number(const char *key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsNumber())
      refuse(key, "must be a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!std::isfinite(number))
      refuse(key, "must be finite");
    return number;
  }

  double cost(const char *key) const {
    const double value = number(key);
    if (value < 0)
      refuse(key, "must not be negative");
    return value;
  }

  double positive(const char *key) const {
    const double value = number(key);
    if (!(value > 0))
      refuse(key, "must be above zero");
    return value;
  }

  uint32_t integer(const char *key, uint32_t least, uint32_t most) const {
    const double value = number(key);
    if (value != std::floor(value) || value < least || value > most)
      refuse(key,
             "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return static_cast<uint32_t>(value);
  }

  uint16_t size(const char *key) const {
    return static_cast<uint16_t>(integer(key, 1, UINT16_MAX));
  }

  std::string word(const char *key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsString())
      refuse(key, "must be a string");
    return value.As<Napi::String>().Utf8Value();
  }

  bool flag(const char *key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsBoolean())
      refuse(key, "must be a boolean");
    return value.As<Napi::Boolean>().Value();
  }

  bool has(const char *key) const { return !object_.Get(key).IsUndefined(); }

  Reader child(const char *key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsObject())
      refuse(key, "must be an object");
    return {value.As<Napi::Object>(), path_ + "." + key};
  }

  Napi::Array list(const char *key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsArray())
      refuse(key, "must be a list");
    return value.As<Napi::Array>();
  }

  [[noreturn]] void refuse(const char *key, const std::string &why) const {
    throw Napi::TypeError::New(object_.Env(), path_ + "." + key + " " + why);
  }

  const std::string &path() const { return path_; }

private:
  Napi::Object object_;
  std::string path_;
};

inline Reader item(const Napi::Array &list, uint32_t index, const std::string &path) {
  const Napi::Value value = list.Get(index);
  const std::string name = path + "[" + std::to_string(index) + "]";
  if (!value.IsObject())
    throw Napi::TypeError::New(list.Env(), name + " must be an object");
  return {value.As<Napi::Object>(), name};
}

} // namespace brownout
