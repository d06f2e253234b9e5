import type { ExitReason } from "../../../src/actors/kernel/exit-reason.ts";
import type { SupervisionEvent } from "../../../src/supervisors/supervision/child.ts";
import type { ChildSpec } from "../../../src/supervisors/supervision/child-spec.ts";
import {
  createSupervision,
  type Supervision,
} from "../../../src/supervisors/supervision/supervision.ts";
import type { SupervisionFlags } from "../../../src/supervisors/supervision/supervisor-flags.ts";
import { type World, world } from "../../conformance/world.ts";

/** A supervision inside an actor that is no supervisor, as a process is. */
export async function owned(flags: SupervisionFlags = {}) {
  const all = world();
  const events: SupervisionEvent[] = [];
  const ends: ExitReason[] = [];
  let supervision: Supervision | undefined;
  const owner = all.system.spawn(
    {
      init: (context) => {
        supervision = createSupervision(context, flags, {
          onEvent: (event) => events.push(event),
          onGiveUp: (reason) => ends.push(reason),
          onAutoShutdown: (reason) => ends.push(reason),
        });
        return supervision;
      },
      receive: (state) => state,
      stopping: (state) => state.stopAll(),
    },
    { name: "owner", shutdownMs: "infinity" },
  );
  await owner.started;
  if (supervision === undefined) throw new Error("the owner did not start");
  return { ...all, W: all.worker, owner, supervision, events, ends };
}

/** Start these one after another; what they wrote down by then is taken. */
export async function begun(all: World, supervision: Supervision, specs: readonly ChildSpec[]) {
  for (const spec of specs) {
    const starting = supervision.startChild(spec);
    await all.clock.settle();
    await starting;
  }
  all.take();
}

/** Send a child a message, and let everything run that does not need time. */
export async function tell(all: World, id: string, message: unknown): Promise<void> {
  all.system.whereis(`/owner/${id}`)?.send(message);
  await all.clock.settle();
}

/** `vm running, agent stopped by group`. */
export function statuses(supervision: Supervision): string {
  return supervision
    .children()
    .map(({ id, status, by }) => `${id} ${by === undefined ? status : `stopped by ${by}`}`)
    .join(", ");
}
