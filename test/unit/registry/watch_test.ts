import { expect, test } from "bun:test";
import { renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import type { Clock, Timer } from "../../../src/platform/clock.ts";
import { type RegistryNews, watchRegistry } from "../../../src/registry/watch.ts";
import { RegistryPlace } from "./place.ts";

const listOf = (...names: string[]): string =>
  JSON.stringify({ mcpServers: Object.fromEntries(names.map((name) => [name, { url: "https://a/" }])) });

/** A clock that fires when the test says so, and knows when the watch has set it again: its look is over then. */
class LookClock implements Clock {
  #fire: (() => void) | undefined;
  #over = Promise.withResolvers<void>();

  now(): number {
    return 0;
  }

  after(_ms: number, fire: () => void): Timer {
    this.#fire = fire;
    this.#over.resolve();
    return { cancel: () => this.#fire = undefined };
  }

  /** Fires, and waits until it is set again; false where it was taken off. */
  async tick(): Promise<boolean> {
    const fire = this.#fire;
    if (fire === undefined) return false;
    this.#over = Promise.withResolvers();
    fire();
    await this.#over.promise;
    return true;
  }
}

class Watch implements Disposable {
  readonly place: RegistryPlace;
  readonly #clock = new LookClock();
  readonly #news: string[] = [];
  readonly #abort = new AbortController();

  constructor(text?: string) {
    this.place = new RegistryPlace(text);
    watchRegistry(this.place.file, (news) => this.#news.push(told(news)), this.#abort.signal, this.#clock);
  }

  /** Looks at the file once more, and gives what was told then; nothing where nobody looks any more. */
  async look(): Promise<string[] | undefined> {
    return await this.#clock.tick() ? this.#news.splice(0) : undefined;
  }

  stop(): void {
    this.#abort.abort();
  }

  [Symbol.dispose](): void {
    this.stop();
    this.place[Symbol.dispose]();
  }
}

function told(news: RegistryNews): string {
  return news.kind === "broken" ? news.error.code : [...news.registry.servers.keys()].join(",");
}

test("what stands in the file is told at once, and then only what changes", async () => {
  using watch = new Watch(listOf("a"));
  expect(await watch.look()).toEqual(["a"]);
  expect(await watch.look()).toEqual([]);
  watch.place.write(listOf("a", "b"));
  expect(await watch.look()).toEqual(["a,b"]);
  utimesSync(watch.place.file, 1, 1);
  expect(await watch.look()).toEqual([]);
});

test("a file that comes, is put in the place of another, and goes is followed", async () => {
  using watch = new Watch();
  expect(await watch.look()).toEqual([""]);
  writeFileSync(`${watch.place.file}.new`, listOf("a"));
  renameSync(`${watch.place.file}.new`, watch.place.file);
  expect(await watch.look()).toEqual(["a"]);
  writeFileSync(`${watch.place.file}.new`, listOf("b"));
  renameSync(`${watch.place.file}.new`, watch.place.file);
  expect(await watch.look()).toEqual(["b"]);
  rmSync(watch.place.file);
  expect(await watch.look()).toEqual([]);
  expect(await watch.look()).toEqual([""]);
});

test("a file that is broken is told as such once it stays so, and its mending too", async () => {
  using watch = new Watch(listOf("a"));
  await watch.look();
  watch.place.write(listOf("a").slice(0, 10));
  expect(await watch.look()).toEqual([]);
  expect(await watch.look()).toEqual(["bad_registry"]);
  expect(await watch.look()).toEqual([]);
  watch.place.write(listOf("a"));
  expect(await watch.look()).toEqual(["a"]);
});

test("a file that is met in the middle of being written is never told as broken", async () => {
  using watch = new Watch(listOf("a"));
  await watch.look();
  watch.place.write("");
  expect(await watch.look()).toEqual([]);
  watch.place.write(listOf("b"));
  expect(await watch.look()).toEqual(["b"]);
});

test("nobody looks any more once that is given up", async () => {
  using watch = new Watch(listOf("a"));
  await watch.look();
  watch.stop();
  expect(await watch.look()).toBeUndefined();
});

test.skipIf(process.platform === "win32")("a change of what a link leads to is told", async () => {
  using watch = new Watch();
  const target = `${watch.place.file}.kept`;
  writeFileSync(target, listOf("a"), { mode: 0o600 });
  symlinkSync(target, watch.place.file);
  const before = await watch.look();
  writeFileSync(target, listOf("a", "b"));
  expect([before, await watch.look()]).toEqual([["a"], ["a,b"]]);
});
