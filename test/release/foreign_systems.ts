/** Other systems than this one, as far as Debian has them: what stands before an executable of theirs on the command line. */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Surroundings } from "../harness/executable.ts";

const MUSL_LOADER = "/lib/ld-musl-x86_64.so.1";
const WINE = "/usr/lib/wine/wine64";
const MINGW = "x86_64-w64-mingw32-gcc";
// An emulated processor is tens of times slower than a real one, and wine's first start makes a home.
const PATIENCE_MS = 120_000;

function run(cwd: string, ...command: string[]): void {
  const { success, stdout, stderr } = Bun.spawnSync(command, { cwd });
  if (!success) throw new Error(`${command.join(" ")}: ${stdout}${stderr}`);
}

function areThere(...programs: string[]): boolean {
  return programs.every((program) => Bun.which(program) !== null);
}

const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";

/** Linux on arm64: `qemu-user-static`, and the libraries of that processor, from `lib{c6,stdc++6,gcc-s1}-arm64-cross`. */
export const arm64: Surroundings = {
  before: ["qemu-aarch64-static", "-L", ARM64_LIBRARIES],
  patienceMs: PATIENCE_MS,
};

/** Whether this machine can be such a system. */
export const hasArm64: boolean = areThere("qemu-aarch64-static") &&
  existsSync(join(ARM64_LIBRARIES, "lib", "libstdc++.so.6"));

// What Debian's libstdc++ wants of its C library, and musl 1.2.3 has not; Alpine's is built without.
const MISSING_IN_MUSL = `
#include <stddef.h>
char __libc_single_threaded = 0;
unsigned __cpu_model[4];
int __cpu_indicator_init(void) { return 0; }
int _dl_find_object(void *address, void *result) { return -1; }
unsigned arc4random(void) { return 4; }
int __cxa_thread_atexit_impl(void (*f)(void *), void *object, void *handle) { return 0; }
size_t strftime_l(char *, size_t, const char *, const void *, void *);
size_t __strftime_l(char *s, size_t n, const char *f, const void *t, void *l) { return strftime_l(s, n, f, t, l); }
`;

/** Linux with musl on x64: Debian's `musl`, with Debian's libstdc++ and what that wants, made by its `gcc`. */
export function musl(folder: string): Surroundings {
  mkdirSync(folder, { recursive: true });
  for (const file of ["/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/lib/x86_64-linux-gnu/libgcc_s.so.1"]) {
    copyFileSync(file, join(folder, file.slice(file.lastIndexOf("/") + 1)));
  }
  writeFileSync(join(folder, "missing.c"), MISSING_IN_MUSL);
  writeFileSync(join(folder, "empty.c"), "");
  const library = ["gcc", "-shared", "-fPIC", "-nostdlib", "-fno-builtin", "-o"];
  run(folder, ...library, "missing.so", "missing.c");
  run(folder, ...library, "ld-linux-x86-64.so.2", "empty.c");
  const set = [`LD_PRELOAD=${join(folder, "missing.so")}`, `LD_LIBRARY_PATH=${folder}`];
  // Only the executable is to be started with these variables, and not what starts it.
  return { before: ["env", ...set, MUSL_LOADER] };
}

/** Whether this machine can be such a system. */
export const hasMusl: boolean = areThere("gcc", MUSL_LOADER);

// Wine 8 lacks this library, which has one function.
const RANDOM = `
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) { return SystemFunction036(bytes, count); }
`;

// Its program of this name does not tell the number of the user.
const WHOAMI = `
#include <stdio.h>
int main(void) { puts("\\"HERE\\\\\\\\user\\",\\"S-1-5-21-0-0-0-1000\\""); return 0; }
`;

/**
 * Windows on x64: Debian's `wine64`, a library that it lacks beside the executable, and a program that it has half of, both
 * made by `gcc-mingw-w64-x86-64`.
 */
export function windows(folder: string, besideExecutable: string): Surroundings {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "random.c"), RANDOM);
  writeFileSync(join(folder, "whoami.c"), WHOAMI);
  const library = join(besideExecutable, "bcryptprimitives.dll");
  run(folder, MINGW, "-shared", "-o", library, "random.c", "-ladvapi32");
  const env = { WINEPREFIX: join(folder, "prefix"), WINEDEBUG: "-all", WINEDLLOVERRIDES: "whoami.exe=n" };
  // The first start makes a home, which takes a while and says so.
  Bun.spawnSync([WINE, "cmd", "/c", "exit"], { env: { ...process.env, ...env } });
  const program = join(folder, "prefix", "drive_c", "windows", "system32", "whoami.exe");
  rmSync(program, { force: true });
  run(folder, MINGW, "-o", program, "whoami.c");
  return { before: [WINE], env, patienceMs: PATIENCE_MS };
}

/** Whether this machine can be such a system. */
export const hasWindows: boolean = areThere(MINGW, WINE);
