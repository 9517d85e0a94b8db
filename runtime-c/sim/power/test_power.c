/** Capacitor, sources, trace importer, table and curve against closed forms and by their contracts.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capacitor.h"
#include "curve.h"
#include "table.h"

static unsigned passed, failed;

static void check(int holds, const char *what) {
  printf("%s %s\n", holds ? "ok" : "FAIL", what);
  passed += holds != 0;
  failed += holds == 0;
}

static int near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance * fabs(b); }

static bo_source constant(double volts, double ohm) {
  bo_source source;
  if (!bo_source_read(&source, "constant", volts, ohm))
    exit(70);
  return source;
}

static bo_capacitor full(bo_source *source) {
  bo_capacitor c = {1e-3, 2.8, 3.0, 0, 2.99, 0, source, NULL, NULL};
  return c;
}

static void discharge(void) {
  bo_source none = constant(0, 50);
  bo_capacitor c = full(&none);
  const double budget_J = 0.5e-3 * (2.99 * 2.99 - 2.8 * 2.8);
  check(bo_capacitor_run(&c, 0.5 * budget_J, 0.1) == 1 &&
            near(c.voltage_V, sqrt(2.99 * 2.99 - budget_J / 1e-3), 1e-12),
        "without a source the voltage is that of the energy left");
  c = full(&none);
  const double share = bo_capacitor_run(&c, 2 * budget_J, 0.2);
  check(near(share, 0.5, 0.01) && c.voltage_V == 2.8 && near(c.time_s, 0.1, 0.01),
        "twice the budget is cut in the middle, at v_off");
  double drawn = 0, part = 1;
  c = full(&none);
  for (int i = 0; i < 100000 && part == 1; i++) {
    part = bo_capacitor_run(&c, budget_J / 7777, 1e-5);
    drawn += part * budget_J / 7777;
  }
  check(near(drawn, budget_J, 1e-9), "many small loads draw the budget and no more");
  c = full(&none);
  check(near(bo_capacitor_run(&c, 4 * budget_J, 0), 0.25, 1e-9),
        "a load without length is cut where the budget ends");
}

static void charge(void) {
  bo_source source = constant(3.0, 50);
  bo_capacitor c = full(&source);
  c.voltage_V = 2.8;
  check(bo_capacitor_charge(&c, 2.99, 1e3) && c.voltage_V == 2.99 &&
            near(c.time_s, 50e-3 * log(0.2 / 0.01), 1e-12),
        "charging takes R C ln((V_sup - V)/(V_sup - V_on))");
  check(near(c.harvested_J, 0.5e-3 * (2.99 * 2.99 - 2.8 * 2.8), 1e-9),
        "charging stores what was harvested");
  bo_source weak = constant(2.9, 50);
  c = full(&weak);
  c.voltage_V = 2.8;
  check(!bo_capacitor_charge(&c, 2.99, 1e3), "a supply below V_on never fills it");
}

/** dV/dt = ((V_sup - V)/R - P/V)/C rests where V_sup V - V^2 = P R. */
static void equilibrium(void) {
  bo_source source = constant(3.0, 50);
  bo_capacitor c = full(&source);
  const double power_W = 5e-3;
  const double rest_V = 1.5 + sqrt(2.25 - power_W * 50);
  check(bo_capacitor_run(&c, power_W * 5, 5) == 1 && near(c.voltage_V, rest_V, 1e-9),
        "a load that the harvester carries ends at the equilibrium");
  c = full(&source);
  const double before_J = 0.5e-3 * 2.99 * 2.99;
  bo_capacitor_run(&c, power_W * 0.03, 0.03);
  const double after_J = 0.5e-3 * c.voltage_V * c.voltage_V;
  check(near(c.harvested_J, after_J - before_J + power_W * 0.03, 1e-9),
        "energy is kept: stored + drawn = harvested");
  /* A long step and the same in a thousand parts. */
  const double whole_V = c.voltage_V;
  c = full(&source);
  for (int i = 0; i < 1000; i++)
    bo_capacitor_run(&c, power_W * 0.03 / 1000, 0.03 / 1000);
  check(near(c.voltage_V, whole_V, 1e-9), "a load in parts is the load in one");
}

static double share_on(const char *text, double length_s) {
  bo_source source;
  double on_s = 0, at_s = 0;
  if (!bo_source_read(&source, text, 3.0, 50))
    return -1;
  while (at_s < length_s) {
    const bo_supply supply = bo_source_at(&source, at_s);
    if (supply.value > 0)
      on_s += supply.until_s - at_s;
    at_s = supply.until_s;
  }
  return on_s / at_s;
}

static double mean_of(const char *text, double length_s) {
  bo_source source;
  double sum = 0, at_s = 0;
  if (!bo_source_read(&source, text, 3.0, 50))
    return -1;
  while (at_s < length_s) {
    const bo_supply supply = bo_source_at(&source, at_s);
    sum += supply.value * (supply.until_s - at_s);
    at_s = supply.until_s;
  }
  return sum / at_s;
}

static void sources(void) {
  check(near(share_on("square:period_s=0.5,duty=0.3", 1000), 0.3, 1e-3), "a square has its duty");
  check(near(share_on("markov:on_s=0.1,off_s=0.4", 20000), 0.2, 0.03),
        "on and off last as long as asked, on average");
  check(near(mean_of("rf:watts=0.01,on_s=0.05,off_s=0.15", 20000), 0.0025, 0.03),
        "bursts give their mean power");
  check(near(mean_of("solar:watts=0.1,cloud=1", 86400), 0.1 / 3.14159265, 1e-3),
        "a clear day gives half a sine");
  check(
      near(mean_of("solar:watts=0.1,cloud=0.5,cloud_s=300", 40 * 86400), 0.075 / 3.14159265, 0.02),
      "clouds take their share");
  check(mean_of("rf:seed=7", 100) == mean_of("rf:seed=7", 100) &&
            mean_of("rf:seed=7", 100) != mean_of("rf:seed=8", 100),
        "a seed names a source");
  bo_source source;
  check(!bo_source_read(&source, "moon", 3, 50) && !bo_source_read(&source, "rf:watt=1", 3, 50) &&
            !bo_source_read(&source, "rf:watts=-1", 3, 50) &&
            !bo_source_read(&source, "square:duty=2", 3, 50) &&
            !bo_source_read(&source, "trace", 3, 50),
        "mistakes in a source are refused");
}

static int trace_of(bo_source *source, const char *content, const char *keys) {
  char path[] = P_tmpdir "/brownout_traceXXXXXX", text[256];
  const int fd = mkstemp(path);
  if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
    exit(70);
  close(fd);
  snprintf(text, sizeof text, "trace:file=%s%s", path, keys);
  const int read = bo_source_read(source, text, 3, 50);
  unlink(path);
  return read;
}

static void traces(void) {
  bo_source s, list, none;
  check(trace_of(&s, "time;x;V\n10;a;1.5\n11;b;2.5\n13;c;3.5\n",
                 ",time=1,value=3,time_scale=0.001,ohm=30000") &&
            s.count == 3u && bo_source_at(&s, 0).value == 1.5 &&
            bo_source_at(&s, 0.0015).value == 2.5 && bo_source_at(&s, 0.0031).value == 3.5 &&
            near(bo_source_at(&s, 0.0031).until_s, 0.005, 1e-9) &&
            bo_source_at(&s, 0.0055).value == 1.5 && bo_source_at(&s, 0.006).ohm == 30000,
        "a trace with time, header and other columns is read and repeated");
  check(trace_of(&list,
                 "\xef\xbb\xbf"
                 "1\r\n-3\r\n5\r\n",
                 ",step_s=0.5,scale=0.001,as=watts") &&
            list.count == 3u && near(bo_source_at(&list, 0).value, 1e-3, 1e-12) &&
            bo_source_at(&list, 0.6).value == 0 && bo_source_at(&list, 1.2).is_power,
        "a list of powers is read; below zero is nothing");
  check(!trace_of(&none, "0 1\n1 2\n1 3\n", ",time=1,value=2") &&
            !trace_of(&none, "0 1\n1 x\n", ",time=1,value=2") && !trace_of(&none, "V\n", "") &&
            !trace_of(&none, "1\n2\n", ",value=2"),
        "traces that stand still, break off or are none are refused");
  bo_source_free(&s);
  bo_source_free(&list);
}

static void table(void) {
  bo_platform p;
  char text[] = "v_on 2.99\nv_off 2.8\nv_on 3\n";
  FILE *twice = fmemopen(text, sizeof text - 1u, "r");
  check(!bo_platform_read(&p, twice, "table"), "a coefficient said twice is refused");
  fclose(twice);
  char missing[] = "v_on 2.99\n";
  FILE *short_one = fmemopen(missing, sizeof missing - 1u, "r");
  check(!bo_platform_read(&p, short_one, "table"), "a missing coefficient is refused");
  fclose(short_one);
}

static void curve(void) {
  static bo_curve c;
  bo_curve_start(&c, 3);
  for (int i = 0; i < 100000; i++)
    bo_curve_add(&c, i * 1e-3, i == 77777 ? 2.5 : 3 + 0.1 * (i % 2));
  double low = 9;
  for (size_t i = 0; i < c.buckets; i++)
    low = c.low_V[i] < low ? c.low_V[i] : low;
  check(c.step_s * BO_CURVE_BUCKETS >= 99.999 && c.step_s * BO_CURVE_BUCKETS < 400 && low == 2.5 &&
            c.low_V[(size_t)(77.777 / c.step_s)] == 2.5,
        "a curve keeps extremes while it grows");
}

int main(void) {
  /* What refusals say is not part of the report. */
  if (freopen("/dev/null", "w", stderr) == NULL)
    return 70;
  discharge();
  charge();
  equilibrium();
  sources();
  traces();
  table();
  curve();
  printf("%u passed, %u failed\n", passed, failed);
  return failed != 0u;
}
