/**
 * Everything that the demo prints goes through here: a page with a margin for the names of the steps, three lanes for
 * the client, the bridge and the server, and a column for times. A line of it stays below 100 characters.
 */
import { styleText } from "node:util";

/** What is said between two neighbours in one row; a side that is left out says nothing. */
export interface Row {
  /** The step that begins with this row. */
  readonly step?: string;
  /** Between the client and the bridge. */
  readonly left?: string;
  /** Between the bridge and the server. */
  readonly right?: string;
  /** When it arrived, in ms since the step began. */
  readonly ms?: number;
}

/** Where a page is written to. */
export interface Paper {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

type Style = Parameters<typeof styleText>[0];

const MARGIN = 12;
const LANE = 32;
const RAIL = "│";
const WIDTH = MARGIN + 3 * RAIL.length + 2 * LANE;
const TIME = 9;

/** Writes the demo, with colours where a person looks at it and has not asked for none (https://no-color.org). */
export class Page {
  readonly #paper: Paper;
  readonly #colour: boolean;
  #lineIsOpen = false;

  constructor(paper: Paper) {
    this.#paper = paper;
    this.#colour = paper.isTTY === true && !process.env.NO_COLOR;
  }

  /** Says what this is. */
  title(name: string, text: string): void {
    this.#line(`${this.#paint("bold", name)}  ${text}\n`);
  }

  /** Begins a line for work that takes a moment; `done` ends it. */
  begin(step: string, text: string): void {
    this.#paper.write(this.#margin(step) + text.padEnd(WIDTH - MARGIN));
    this.#lineIsOpen = true;
  }

  /** Ends the line that was begun, with what it took. */
  done(ms: number): void {
    this.#line(this.#time(ms));
    this.#lineIsOpen = false;
  }

  /** Puts the three that speak at the top of their lanes, and the protocols between them. */
  lanes(client: readonly string[], bridge: readonly string[], server: readonly string[]): void {
    this.gap();
    for (const [row, text] of client.entries()) {
      const paint = (cell: string): string => row === 0 ? this.#paint("bold", cell) : cell;
      const cells = [text.padEnd(LANE + 1), bridge[row]!.padEnd(LANE + 1), server[row]!];
      this.#line(this.#margin() + cells.map(paint).join(""));
    }
    this.#row({}, [both("stdio"), both("Streamable HTTP")], this.#paint("dim", "arrived".padStart(TIME)));
    this.#rails();
  }

  /** Draws what goes from the client towards the server. */
  there(row: Row): void {
    this.#row(row, [row.left, row.right].map((text) => text === undefined ? undefined : towards(text)));
  }

  /** Draws what comes from the server towards the client. */
  back(row: Row): void {
    this.#row(row, [row.left, row.right].map((text) => text === undefined ? undefined : from(text)));
  }

  /** Writes down what the client has learnt. */
  notes(...lines: string[]): void {
    for (const line of lines) this.#line(`${this.#margin()}${this.#paint("dim", RAIL)}    ${line}`);
  }

  /** Leaves room before what comes next; `speaker` names who speaks on the right from then on. */
  nextStep(speaker?: string): void {
    this.#rails(speaker === undefined ? RAIL : this.#paint("bold", speaker));
  }

  /** Leaves a line empty. */
  gap(): void {
    this.#line("");
  }

  /** Writes a line beside the margin. */
  say(step: string, text: string): void {
    this.#line(this.#margin(step) + text);
  }

  /** Says on standard error what went wrong. */
  error(message: string): void {
    if (this.#lineIsOpen) this.gap();
    process.stderr.write(`demo: error: ${message}\n`);
  }

  /** Says on standard error what may explain it. */
  hint(message: string): void {
    process.stderr.write(`demo: hint: ${message}\n`);
  }

  #rails(last = RAIL): void {
    const room = "".padEnd(LANE);
    this.#line(this.#margin() + this.#drawn(`${RAIL}${room}${RAIL}${room}${last}`));
  }

  #row(
    { step, ms }: Row,
    lanes: (string | undefined)[],
    time = ms === undefined ? "" : this.#time(ms),
  ): void {
    const [left, right] = lanes.map((lane) => lane ?? "".padEnd(LANE));
    // A line meets a rail only where something is said beside it.
    const rails = [RAIL, RAIL, RAIL];
    for (const [place, lane] of lanes.entries()) {
      if (lane?.startsWith("─")) rails[place] = "├";
      if (lane?.endsWith("─")) rails[place + 1] = "┤";
    }
    const drawing = this.#drawn(`${rails[0]}${left}${rails[1]}${right}${rails[2]}`);
    this.#line(this.#margin(step) + drawing + time);
  }

  /** Lines are pale, words are not. */
  #drawn(text: string): string {
    return text.replaceAll(/[│├┤─<>]+/g, (lines) => this.#paint("dim", lines));
  }

  #margin(step = ""): string {
    return `  ${this.#paint("cyan", step)}`.padEnd(MARGIN + this.#paint("cyan", step).length - step.length);
  }

  #time(ms: number): string {
    const text = ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(1)} s`;
    return this.#paint("green", text.padStart(TIME));
  }

  #paint(style: Style, text: string): string {
    return this.#colour && text !== "" ? styleText(style, text, { validateStream: false }) : text;
  }

  #line(text: string): void {
    this.#paper.write(`${text.trimEnd()}\n`);
  }
}

function towards(text: string): string {
  return `─ ${text} `.padEnd(LANE - 1, "─") + ">";
}

function from(text: string): string {
  return "<" + ` ${text} ─`.padStart(LANE - 1, "─");
}

function both(text: string): string {
  const half = (LANE - 4 - text.length) / 2;
  return `<${"─".repeat(Math.floor(half))} ${text} ${"─".repeat(Math.ceil(half))}>`;
}
