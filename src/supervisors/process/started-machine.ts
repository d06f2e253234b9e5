import type { Harness } from "../../actors/agent/wire/index.ts";
import type { Machine } from "../../machines/machine.ts";
import type { Supervision } from "../supervision/index.ts";

/** The harnesses that launched something on a machine, and must take it away before the machine stops. */
export type Launchers = Set<Harness>;

/** A machine that agents can live on. */
export interface StartedMachine {
  /** Its id among the children of `owner`; undefined for one that no process started. */
  readonly id: string | undefined;
  readonly owner: Supervision | undefined;
  readonly machine: Machine;
  readonly launchers: Launchers;
  /** The machine living now. Throws while there is none. */
  current(): Machine;
}
