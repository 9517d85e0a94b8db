/** The smallest test frame: `ok NAME` or `FAIL NAME`, and a count at the end. */
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace test {

struct Test {
  const char *name;
  std::function<void()> body;
};

inline std::vector<Test> &tests() {
  static std::vector<Test> all;
  return all;
}

struct Register {
  Register(const char *name, std::function<void()> body) { tests().push_back({name, body}); }
};

/** What a failed check throws. */
struct Failure {
  std::string text;
};

inline void fail(const char *file, int line, const std::string &text) {
  std::ostringstream out;
  out << file << ":" << line << ": " << text;
  throw Failure{out.str()};
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool SANITIZED = true;
#else
constexpr bool SANITIZED = false;
#endif

/** A tenth of so many rounds under sanitizers: they see what is done, not how often. */
constexpr int rounds(int plain) { return SANITIZED ? plain / 10 : plain; }

inline double relative_error(double a, double b) {
  const double size = std::fmax(std::fabs(a), std::fabs(b));
  return size == 0 ? 0 : std::fabs(a - b) / size;
}

inline int run_all() {
  int passed = 0, failed = 0;
  for (const Test &t : tests()) {
    try {
      t.body();
      std::printf("ok %s\n", t.name);
      passed++;
    } catch (const Failure &failure) {
      std::printf("FAIL %s\n  %s\n", t.name, failure.text.c_str());
      failed++;
    }
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

} // namespace test

#define TEST_NAME2(line) test_at_##line
#define TEST_NAME(line) TEST_NAME2(line)
#define TEST(name, ...) static const test::Register TEST_NAME(__LINE__)(name, [] __VA_ARGS__)
#define CHECK(condition, ...)                                                                      \
  do {                                                                                             \
    if (!(condition))                                                                              \
      test::fail(__FILE__, __LINE__, #condition " " __VA_ARGS__);                                  \
  } while (0)
#define CHECK_NEAR(a, b, tolerance)                                                                \
  do {                                                                                             \
    const double left = (a), right = (b);                                                          \
    if (!(test::relative_error(left, right) <= (tolerance)))                                       \
      test::fail(__FILE__, __LINE__,                                                               \
                 #a " is near " #b ": " + std::to_string(left) + " " + std::to_string(right));     \
  } while (0)
