/** Worlds in which one check of `doctor` fails; a test holds that there is one for each fault that is documented. */
import type { World } from "../../../../src/app/doctor/world.ts";

/** A world in which a check finds a fault. */
export interface FailingWorld {
  /** The check. */
  readonly code: string;
  /** Which of its faults it finds. */
  readonly fault: string;
  /** What is wrong, as the name of the test. */
  readonly name: string;
  /** The only system that it can be made on; most can on all that have files like those of Unix. */
  readonly only?: NodeJS.Platform;
  /** How long the check may take, in ms, where that is what fails. */
  readonly limit?: number;
  /** Makes the world; what it takes ends with the `stack`. */
  world(stack: AsyncDisposableStack): World | Promise<World>;
}
