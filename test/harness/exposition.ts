/** Reads Prometheus' text format as strictly as its description says (exposition formats, version 0.0.4). */

/** One line of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric with all its lines. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary" | "untyped";
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;
const PARTS = { histogram: ["_bucket", "_sum", "_count"], summary: ["", "_sum", "_count"] };

/** The metrics of a text, by name. Throws with the line that breaks a rule. */
export function readExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | undefined;
  let current: Family | undefined;
  function fail(why: string, line: string): never {
    throw new Error(`${why}: ${JSON.stringify(line)}`);
  }
  if (!text.endsWith("\n")) throw new Error("The last line does not end with a line feed");
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    if (line.includes("\r")) fail("A carriage return", line);
    const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      if (!NAME.test(name!)) fail("A bad name", line);
      if (/\\(?![\\n])/.test(rest!)) fail("A bad escape", line);
      help = { name: name!, text: rest! };
    } else if (keyword === "TYPE") {
      if (!/^(?:counter|gauge|histogram|summary|untyped)$/.test(rest!)) fail("No type", line);
      if (families.has(name!)) fail("A second TYPE for one name", line);
      if (help?.name !== name) fail("No HELP before its TYPE", line);
      current = { name: name!, help: help!.text, type: rest as Family["type"], samples: [] };
      families.set(name!, current);
    } else if (line.startsWith("#")) continue;
    else {
      const sample = readSample(line, fail);
      if (current === undefined || !belongs(sample.name, current)) fail("A line apart from its metric", line);
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(key)) fail("The same line twice", line);
      seen.add(key);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) checkValues(family);
  return families;
}

function belongs(name: string, { name: family, type }: Family): boolean {
  const parts = type === "histogram" || type === "summary" ? PARTS[type] : [""];
  return parts.some((part) => name === `${family}${part}`);
}

function readSample(line: string, fail: (why: string, line: string) => never): Sample {
  const [, name, inner, value] = /^([^\s{]+)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/.exec(line) ?? fail("No sample", line);
  if (!NAME.test(name!)) fail("A bad name", line);
  if (!NUMBER.test(value!)) fail("A bad value", line);
  const labels: Record<string, string> = {};
  let rest = inner ?? "";
  while (rest !== "") {
    const [whole, label, raw, end] = /^([^=]+)="((?:[^"\\]|\\[\\"n])*)"(,|$)/.exec(rest) ?? fail("Bad labels", line);
    if (!LABEL.test(label!) || (label!.startsWith("__"))) fail("A bad label", line);
    if (Object.hasOwn(labels, label!)) fail("A label twice", line);
    labels[label!] = raw!.replace(/\\(.)/g, (_, sign) => sign === "n" ? "\n" : sign);
    rest = rest.slice(whole!.length);
    if (rest === "" && end === ",") break;
  }
  return { name: name!, labels, value: Number(value!.replace("Inf", "Infinity")) };
}

function checkValues({ name, type, samples }: Family): void {
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} counts below zero`);
  if (type !== "histogram") return;
  const series = Map.groupBy(
    samples,
    ({ labels: { le: _, ...others } }) => JSON.stringify(Object.entries(others).sort()),
  );
  for (const own of series.values()) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`)
      .map(({ labels, value }) => [Number(labels.le?.replace("Inf", "Infinity")), value] as const);
    const [sum, count] = ["_sum", "_count"].map((part) => own.find((sample) => sample.name === `${name}${part}`));
    if (sum === undefined || count === undefined) throw new Error(`${name} has a series without its sum or count`);
    if (buckets.at(-1)?.[0] !== Infinity || buckets.at(-1)?.[1] !== count.value) {
      throw new Error(`${name} has a series whose last bucket is not all of it`);
    }
    for (let place = 1; place < buckets.length; place++) {
      const [[bound, below], [nextBound, next]] = [buckets[place - 1]!, buckets[place]!];
      if (!(nextBound > bound && next >= below)) throw new Error(`${name} has buckets that do not rise`);
    }
  }
}
