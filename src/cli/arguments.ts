import { BridgeError } from "../platform/errors.ts";

/** Reads a number of seconds, fractions allowed, into ms. Throws `bad_argument`. */
export function readSeconds(flag: string, text: string): number {
  const seconds = Number(text);
  if (text.trim() === "" || !(seconds >= 0) || !Number.isFinite(seconds)) {
    throw new BridgeError("bad_argument", `"${flag}" wants a number of seconds: ${JSON.stringify(text)}`, {
      hint: `for example "${flag} 30"`,
    });
  }
  return Math.round(seconds * 1000);
}

/** As `readSeconds`, for what must take some time. Throws `bad_argument`. */
export function readPeriod(flag: string, text: string): number {
  const period = readSeconds(flag, text);
  if (period > 0) return period;
  throw new BridgeError("bad_argument", `"${flag}" wants more than 0 seconds: ${JSON.stringify(text)}`, {
    hint: `for example "${flag} 30"`,
  });
}

/** The period of `--keep-alive` where none is named, in ms. */
const KEEP_ALIVE_MS = 30_000;

/** Reads how often a session is to be pinged, in ms, 0 for never; to name a period is to want it. Throws `bad_argument`. */
export function readKeepAlive(wanted: boolean, interval: string | undefined): number {
  if (interval !== undefined) return readPeriod("--ping-interval", interval);
  return wanted ? KEEP_ALIVE_MS : 0;
}

/** Reads the number of a TCP port, 1 to 65535. Throws `bad_argument`. */
export function readPort(name: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new BridgeError("bad_argument", `the ${name} is no port: ${JSON.stringify(text)}`, {
    hint: "give a number from 1 to 65535, or leave it out",
  });
}

/** As `readPort`, for a port to listen on: 0 stands for any that is free. Throws `bad_argument`. */
export function readListeningPort(flag: string, text: string): number {
  return /^0+$/.test(text) ? 0 : readPort(flag, text);
}

/** Reads a host as a `Host` header has it, a port behind it or none; in lower case. Throws `bad_argument`. */
export function readHost(text: string): string {
  const isHost = /^[a-z0-9.-]+(?::\d+)?$|^\[[0-9a-f:.]+\](?::\d+)?$/i.test(text) && URL.canParse(`http://${text}`);
  if (isHost) return text.toLowerCase();
  throw new BridgeError("bad_argument", `${JSON.stringify(text)} is no host`, {
    hint: 'for example "--allow-host bridge.lan" or "--allow-host bridge.example.com:8443"',
  });
}

/** Reads how many there may be of something, 1 at least. Throws `bad_argument`. */
export function readCount(flag: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new BridgeError("bad_argument", `"${flag}" wants a whole number from 1 on: ${JSON.stringify(text)}`, {
    hint: `for example "${flag} 100"`,
  });
}

/** Reads one word of a list. Throws `bad_argument`. */
export function readChoice<Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new BridgeError("bad_argument", `"${flag}" does not know ${JSON.stringify(text)}`, {
    hint: `use one of ${choices.join(", ")}`,
  });
}

/** Reads words of a list with commas between; `none` alone stands for no word. Throws `bad_argument`. */
export function readChoices<Choice extends string>(
  flag: string,
  text: string,
  choices: readonly Choice[],
): ReadonlySet<Choice> {
  if (text === "none") return new Set();
  return new Set(
    text.split(",").map((word) => {
      const choice = choices.find((candidate) => candidate === word.trim());
      if (choice !== undefined) return choice;
      throw new BridgeError("bad_argument", `"${flag}" does not know ${JSON.stringify(word.trim())}`, {
        hint: `use none, or some of ${choices.join(",")}`,
      });
    }),
  );
}

/** Reads a number of MiB, 1 to 1024, into bytes. Throws `bad_argument`. */
export function readMebibytes(flag: string, text: string): number {
  const mebibytes = Number(text);
  if (!Number.isInteger(mebibytes) || mebibytes < 1 || mebibytes > 1024) {
    throw new BridgeError(
      "bad_argument",
      `"${flag}" wants a whole number of MiB from 1 to 1024: ${JSON.stringify(text)}`,
      {
        hint: `for example "${flag} 64"`,
      },
    );
  }
  return mebibytes * 1_048_576;
}

/** Whether a word that stands for a server is an address rather than a name: it has a scheme. */
export function isAddress(word: string): boolean {
  return word.includes("://") && /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}
