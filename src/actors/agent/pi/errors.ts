import { RamureError } from "../../../errors.ts";

/** The newest pi that runs on every Node that ramure runs on. */
export const piPackage = "@earendil-works/pi-coding-agent@0.74.2";
const installPi = `npm install -g ${piPackage} (any newer one on Node 22)`;

/** There is no pi on the machine. */
export class PiMissingError extends RamureError {
  readonly code = "pi-missing";
  override readonly retryable = false;
  constructor(machine: string, looked: string) {
    super(
      `There is no pi on ${machine} (looked ${looked}); install it there: ${installPi}, or pass piHarness({ command }).`,
    );
  }
}

/** The pi on the machine is older than what ramure can drive. */
export class PiTooOldError extends RamureError {
  readonly code = "pi-too-old";
  override readonly retryable = false;
  constructor(command: string, found: string, needed: string) {
    super(
      `${command} is pi ${found}, and ${needed} or newer is needed; update it: npm install -g ${piPackage} (any newer one on Node 22).`,
    );
  }
}

/** The machine has no node that can run pi. */
export class NodeMissingError extends RamureError {
  readonly code = "node-missing";
  override readonly retryable = false;
  constructor(machine: string, found: string | undefined, needed: string) {
    super(
      `The machine ${machine} has ${found ? `node ${found}` : "no node"}, and pi needs node ${needed} or newer; install it there: curl -fsSL https://deb.nodesource.com/setup_22.x | bash - && apt-get install -y nodejs | apk add nodejs npm | dnf install -y nodejs npm | brew install node.`,
    );
  }
}

/** The machine lacks several things that an agent needs there. */
export class MachineLacksError extends RamureError {
  readonly code = "machine-lacks";
  override readonly retryable = false;
  constructor(
    machine: string,
    /** One error for each thing, with the line that installs it. */
    readonly problems: readonly Error[],
  ) {
    super(
      [`The machine ${machine} lacks ${problems.length} things:`]
        .concat(problems.map(({ message }) => `- ${message}`))
        .join("\n"),
    );
  }
}
