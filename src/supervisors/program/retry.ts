import { waiting } from "../../actors/wait.ts";
import type { ContractShape } from "../endpoints/index.ts";
import {
  type AgentProcess,
  checkPolicy,
  childPolicy,
  currentScope,
  definitionOf,
  errorOf,
  hasEnded,
  limitsOf,
  type ProcessDefinition,
  type RestartPolicy,
  type StartRule,
  startProcess,
  startRule,
  type Terminal,
  withoutRootOptions,
} from "../process/index.ts";
import { bubble, defaultLimits } from "../supervision/index.ts";
import { makeProcess } from "./agent-process.ts";

/** The name of the supervised child below a `retry`. */
const childName = "run";

/**
 * Make a process that runs another one and starts it again when it fails.
 *
 * Same arguments, same result. Its events are the child's, with source `run`, and `restarting`,
 * `restarted` and `gave-up`. When the policy is exhausted it rejects with GaveUpError, whose `cause`
 * is what the last attempt threw.
 *
 * @param policy Default: `transient`, 3 restarts in 5 s, at most 8 failures in a row, no backoff.
 *
 * @example
 * ```ts
 * import { agentProcess, currentProcess, retry } from "ramure";
 *
 * const flaky = agentProcess(async function flaky(lucky: number) {
 *   const { attempt } = currentProcess();
 *   if (attempt < lucky) throw new Error(`attempt ${attempt} failed`);
 *   return `attempt ${attempt} went well`;
 * });
 * const program = retry(flaky, { maxRestarts: 5, withinMs: 60_000 });
 *
 * console.log(await program(3)); // attempt 3 went well
 * ```
 */
export function retry<Args extends readonly unknown[], Result, Shape extends ContractShape>(
  process: AgentProcess<Args, Result, Shape>,
  policy: RestartPolicy = {},
): AgentProcess<Args, Result, Shape> {
  const inner = definitionOf(process);
  checkPolicy("retry()", policy);
  const child = { ...inner, options: withoutRootOptions(inner.options) };
  const outer = makeProcess({
    ...inner,
    faceOf: childName,
    supervision: undefined,
    handle: undefined,
    options: { ...inner.options, timeoutMs: undefined },
    body: (...args) => keepAlive(child, args, policy),
  });
  return outer as unknown as AgentProcess<Args, Result, Shape>;
}

async function keepAlive(
  definition: ProcessDefinition,
  args: readonly unknown[],
  policy: RestartPolicy,
): Promise<unknown> {
  const scope = currentScope("retry");
  const record = startProcess(scope, definition, args, {
    restart: "transient",
    ...childPolicy(policy, defaultLimits),
    id: childName,
    start: aloneRule(startRule(policy) ?? definition.start),
    face: scope.record,
  });
  bubble(record.log, scope.record.log, childName);
  if (hasEnded(record.state)) return await record.result(); // Its policy was refused.
  return await waiting<unknown>(
    limitsOf(scope, { what: `the result of ${record.path}` }),
    ({ resolve, reject }) =>
      record.onEnd((terminal, ending) => {
        if (terminal.type === "done") resolve(terminal.data.result);
        else if (isFinal(terminal, policy)) reject(errorOf(record, ending));
      }),
  );
}

/**
 * Make the start rule of an only child. Nobody waits for it: a late event is a failure to be
 * retried.
 */
function aloneRule(rule: StartRule | undefined): StartRule | undefined {
  return rule && { ...rule, alone: true };
}

/** A failure that is restarted or given up on is the supervision's to tell. */
function isFinal(terminal: Terminal, policy: RestartPolicy): boolean {
  return terminal.type === "cancelled" || policy.restart === "temporary";
}
