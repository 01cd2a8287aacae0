/** What a room has to say to the person who runs the product; `cli/` decides whether and how to print it. */
export interface Notice {
  /** `warn` is for what a person should know, `info` for milestones, `debug` for what a support case needs. */
  level: "warn" | "info" | "debug";
  /** Lower case, no full stop, no secrets; text of a server is quoted. */
  text: string;
  /** The id of the HTTP request that it is about, where there is one. */
  request?: string;
}

/** Where notices go. */
export type Notify = (notice: Notice) => void;
