/** The second thread of {@link Watchdog}: ends the process some time after a signal, come what may. */
/// <reference lib="deno.worker" />
import { ExitCode } from "../base/errors.ts";

/** Longer than the engine's own grace, and still within a second. */
const PATIENCE_ms = 850;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => setTimeout(end, PATIENCE_ms));
}
self.postMessage("ready");

/** `Deno.exit` in a worker ends the worker alone; the C library's `_exit` ends the process. */
function end(): void {
  const library = Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6";
  try {
    const libc = Deno.dlopen(library, { _exit: { parameters: ["i32"], result: "void" } });
    libc.symbols._exit(ExitCode.interrupted);
  } catch {
    Deno.kill(Deno.pid, "SIGKILL");
  }
}
