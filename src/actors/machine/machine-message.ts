import type { MachineUnreachableError } from "../../machines/errors.ts";
import type { Machine } from "../../machines/machine.ts";

/** The messages that a machine's actor takes. One about an earlier machine changes nothing. */
export type MachineMessage =
  /** The machine could not be reached; `probed`: by a probe, which is repeated. */
  | {
      readonly type: "unreachable";
      readonly machine: Machine;
      readonly error: MachineUnreachableError;
      readonly probed?: boolean | undefined;
    }
  /** The machine answered a probe. */
  | { readonly type: "answered"; readonly machine: Machine }
  /** Time to probe the machine. */
  | { readonly type: "probe-due" }
  /** The machine did not answer for as long as it may. */
  | { readonly type: "grace-over" }
  /** Time to renew the lease. */
  | { readonly type: "lease-due"; readonly ttlMs: number };
