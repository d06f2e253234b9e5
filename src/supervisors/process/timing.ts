import { errorExit } from "../../actors/kernel/index.ts";
import { waiting } from "../../actors/wait.ts";
import { enter, limitsOf, type ProcessScope } from "./scope.ts";

/** Wait on the run's clock. Rejects with StoppedError when the process is to stop. */
export function sleepIn(scope: ProcessScope, ms: number): Promise<void> {
  return waiting<void>(limitsOf(scope, { what: `sleep(${ms})` }), ({ resolve }) => {
    const timer = scope.run.clock.setTimer(ms, () => resolve(undefined));
    return () => timer.cancel();
  });
}

/** Call `fn` every `ms`, never two at once, until the process ends or the returned function is called. A throw fails the process. */
export function everyIn(scope: ProcessScope, ms: number, fn: () => unknown): () => void {
  if (!(ms > 0)) throw new RangeError(`every() needs a period above 0 ms, not ${ms}.`);
  let timer = scope.run.clock.setTimer(ms, () => void tick());
  let cancelled = false;
  const cancel = (): void => {
    cancelled = true;
    timer.cancel();
    scope.signal.removeEventListener("abort", cancel);
  };
  const tick = async (): Promise<void> => {
    try {
      await enter(scope, fn);
    } catch (error) {
      cancel();
      scope.tell({ type: "end", reason: errorExit(error), thrown: error });
    }
    if (!cancelled) timer = scope.run.clock.setTimer(ms, () => void tick());
  };
  scope.signal.addEventListener("abort", cancel, { once: true });
  return cancel;
}
