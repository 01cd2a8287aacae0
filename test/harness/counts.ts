/** How often a property is tried: the first count in CI, the full one in `bun run proof`. */
export function runs(inCi: number, full: number): number {
  return process.env.TEST_COUNTS === "full" ? full : inCi;
}
