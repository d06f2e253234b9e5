import { RamureError } from "../../../errors.ts";

/** There is no pi on the machine. */
export class PiMissingError extends RamureError {
  readonly code = "pi-missing";
  override readonly retryable = false;
  constructor(machine: string, looked: string) {
    super(
      `There is no pi on ${machine} (looked ${looked}); install it there: npm install -g @earendil-works/pi-coding-agent@0.74.2 (any newer one on Node 22), or pass piHarness({ command }).`,
    );
  }
}

/** The pi on the machine is older than what ramure can drive. */
export class PiTooOldError extends RamureError {
  readonly code = "pi-too-old";
  override readonly retryable = false;
  constructor(command: string, found: string, needed: string) {
    super(
      `${command} is pi ${found}, and ${needed} or newer is needed; update it: npm install -g @earendil-works/pi-coding-agent@0.74.2 (any newer one on Node 22).`,
    );
  }
}
