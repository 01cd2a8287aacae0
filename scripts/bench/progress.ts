/** Tells on stderr how far the run is: one live line on a terminal, one line for each figure elsewhere. */

/** Where figures report to. */
export interface Progress {
  /** A figure begins. */
  figure(id: string): void;
  /** A step inside the figure, for the live line alone. */
  step(text: string): void;
  /** Something that the reader must see. */
  warn(text: string): void;
  /** The run is over. */
  done(): void;
}

/** Starts the clock of a run. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  const start = performance.now();
  const live = stream.isTTY === true;
  const clear = live ? "\r\x1b[2K" : "";
  let current = "";

  function line(text: string): string {
    return `bench: ${String(Math.round((performance.now() - start) / 1000)).padStart(3)} s  ${text}`;
  }
  return {
    figure(id: string): void {
      current = id;
      stream.write(live ? clear + line(id) : `${line(id)}\n`);
    },
    step(text: string): void {
      if (live) stream.write(clear + line(`${current}: ${text}`).slice(0, stream.columns - 1));
    },
    warn(text: string): void {
      stream.write(`${clear}${line(current === "" ? text : `${current}: ${text}`)}\n`);
    },
    done(): void {
      stream.write(live ? clear : `${line("done")}\n`);
    },
  };
}
