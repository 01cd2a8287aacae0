import { reportCrash, runProgram } from "./cli/program.ts";

/** How long a start may take, in ms. */
const START_MS = 1_000;

// A defect of ours ends the process with one line; the runtime's own report would show values.
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (thrown: unknown) => {
    reportCrash(thrown);
    process.exit(1);
  });
}

// The executable makes code native late at first (see `scripts/build.ts`): whoever is still there by now has work to do.
setTimeout(() => Bun.unsafe.setJITPolicy(1), START_MS).unref();

process.exit(await runProgram(process.argv.slice(2)));
