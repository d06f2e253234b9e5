import { RamureError } from "../../errors.ts";

/** A process has exposed no endpoint of this name. */
export class NoEndpointError extends RamureError {
  readonly code = "no-endpoint";
  constructor(path: string, name: string, exposed: readonly string[]) {
    const known = exposed.length > 0 ? `it exposes ${exposed.join(", ")}` : "it exposes none";
    super(`${path} has no endpoint ${JSON.stringify(name)}; ${known}.`);
  }
}

/** An endpoint did not answer in time. */
export class EndpointTimeoutError extends RamureError {
  readonly code = "endpoint-timeout";
  constructor(path: string, name: string, timeoutMs: number) {
    super(
      `${path}:${name} did not answer within ${timeoutMs} ms; raise timeoutMs (ramure call --timeout), or 0 for no limit.`,
    );
  }
}

/** An endpoint could not be exposed, attached or answered. */
export class EndpointError extends RamureError {
  readonly code = "endpoint";
  override readonly retryable = false;
  constructor(path: string, name: string, why: string) {
    super(`${path}:${name}: ${why}.`);
  }
}

/** An event, message or value does not fit the contract, or cannot leave its process. */
export class ContractError extends RamureError {
  readonly code = "contract";
  override readonly retryable = false;
  constructor(path: string, what: string, why: string) {
    super(`${path}: ${what}: ${why}.`);
  }
}
