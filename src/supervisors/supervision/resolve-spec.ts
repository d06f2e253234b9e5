import { checkName } from "../../names.ts";
import { backoffPolicy, checkBackoff } from "./backoff.ts";
import type { ChildPolicy, ChildSpec, ResolvedSpec, Restart } from "./child-spec.ts";
import { InvalidSpecError } from "./errors.ts";
import { checkIntensity, checkLimits, type RestartLimits, withLimits } from "./intensity.ts";
import type { ChildId } from "./strategy.ts";
import type { AutoShutdown } from "./supervisor-flags.ts";

const restarts: ReadonlySet<unknown> = new Set<Restart>(["permanent", "transient", "temporary"]);
const types: ReadonlySet<unknown> = new Set(["worker", "supervisor"]);
const mailboxes: ReadonlySet<unknown> = new Set(["keep", "drop"]);

const patient: ChildPolicy = {
  shutdownMs: 15_000,
  backoff: {},
  intensity: { maxRestarts: 20, withinMs: 600_000 },
  stopTogether: true,
};

/** The defaults of a child by its kind. */
const defaultsByKind: Readonly<Record<string, ChildPolicy>> = {
  agent: { ...patient, startTimeoutMs: 60_000, mailbox: "keep" },
  machine: { ...patient, startTimeoutMs: 300_000 },
  process: { restart: "transient" },
  task: { restart: "temporary" },
  supervisor: { shutdownMs: "infinity", startTimeoutMs: Number.POSITIVE_INFINITY },
};

/** Check a spec and fill in its defaults. Throws InvalidSpecError, before anything has started. */
export function resolveSpec(spec: ChildSpec, autoShutdown: AutoShutdown): ResolvedSpec {
  checkIdentity(spec);
  checkBackoff(`child ${spec.id}`, spec.backoff);
  checkIntensity(`child ${spec.id}`, spec.intensity);
  const type = spec.type ?? "worker";
  const kind = spec.kind ?? (type === "supervisor" ? "supervisor" : "actor");
  const defaults = defaultsByKind[type === "supervisor" ? "supervisor" : kind] ?? {};
  const resolved: ResolvedSpec = {
    id: spec.id,
    start: (context) => spec.start(context),
    gone: spec.gone === undefined ? undefined : (end) => spec.gone?.(end),
    restart: spec.restart ?? defaultsByKind[kind]?.restart ?? "permanent",
    shutdownMs: spec.shutdownMs ?? defaults.shutdownMs ?? 5_000,
    type,
    significant: spec.significant ?? false,
    startTimeoutMs: spec.startTimeoutMs ?? defaults.startTimeoutMs ?? 5_000,
    startAttempts: spec.startAttempts ?? 1,
    backoff: backoffPolicy(spec.backoff ?? defaults.backoff),
    intensity: ownLimits(spec, defaults),
    mailbox: spec.mailbox ?? defaults.mailbox ?? "drop",
    restartIf: spec.restartIf,
    exclusive: spec.exclusive ?? false,
    exclusiveTimeoutMs: spec.exclusiveTimeoutMs ?? 30_000,
    kind,
    dependsOn: spec.dependsOn,
    stopTogether: spec.stopTogether ?? defaults.stopTogether ?? false,
    retain: spec.retain ?? false,
  };
  checkFields(resolved);
  checkSignificance(resolved, autoShutdown);
  return resolved;
}

/** Check specs that are to be started together. Throws InvalidSpecError. */
export function checkSpecs(specs: readonly ChildSpec[], autoShutdown: AutoShutdown): void {
  const ids = new Set<ChildId>();
  for (const spec of specs) {
    const { id } = resolveSpec(spec, autoShutdown);
    if (ids.has(id)) {
      throw new InvalidSpecError("duplicate-id", `child ${id} is there twice; ids are unique`);
    }
    ids.add(id);
  }
}

function ownLimits(spec: ChildPolicy, defaults: ChildPolicy): RestartLimits | undefined {
  const intensity = spec.intensity ?? defaults.intensity;
  return intensity === undefined ? undefined : withLimits(intensity);
}

function checkIdentity(spec: ChildSpec): void {
  const { id, start }: { readonly id?: unknown; readonly start?: unknown } = spec;
  if (typeof id !== "string" || id === "") {
    throw new InvalidSpecError(
      "missing-id",
      "a child spec needs an id, a string that is not empty",
    );
  }
  checkName("a child", id);
  if (typeof start !== "function") {
    throw new InvalidSpecError(
      "missing-start",
      `child ${id}: start must be a function that returns a behavior or ignore`,
    );
  }
}

function checkFields(spec: ResolvedSpec): void {
  const where = `child ${spec.id}`;
  const demand = (holds: boolean, code: string, rule: string): void => {
    if (!holds) throw new InvalidSpecError(code, `${where}: ${rule}`);
  };
  demand(
    restarts.has(spec.restart),
    "invalid-restart",
    "restart is permanent, transient or temporary",
  );
  demand(
    isShutdown(spec.shutdownMs),
    "invalid-shutdown",
    "shutdownMs is a number of ms >= 0, infinity or brutal-kill",
  );
  demand(types.has(spec.type), "invalid-type", "type is worker or supervisor");
  demand(
    typeof spec.significant === "boolean",
    "invalid-significant",
    "significant is true or false",
  );
  demand(
    spec.startTimeoutMs > 0,
    "invalid-start-timeout",
    "startTimeoutMs is a number of ms > 0 or Infinity",
  );
  demand(
    Number.isSafeInteger(spec.startAttempts) && spec.startAttempts >= 1,
    "invalid-start-attempts",
    "startAttempts is an integer >= 1",
  );
  demand(mailboxes.has(spec.mailbox), "invalid-mailbox", "mailbox is keep or drop");
  demand(
    isBackoff(spec),
    "invalid-backoff",
    "backoff needs 0 <= initialMs <= maxMs, factor >= 1 and jitter >= 0",
  );
  if (spec.intensity !== undefined) checkLimits(where, spec.intensity);
}

function checkSignificance(spec: ResolvedSpec, autoShutdown: AutoShutdown): void {
  if (!spec.significant) return;
  if (spec.restart === "permanent" || autoShutdown === "never") {
    throw new InvalidSpecError(
      "bad-combination",
      `child ${spec.id}: a significant child is transient or temporary, under a supervisor whose autoShutdown is any-significant or all-significant`,
    );
  }
}

function isShutdown(value: unknown): boolean {
  if (value === "infinity" || value === "brutal-kill") return true;
  return typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY;
}

function isBackoff({ backoff }: ResolvedSpec): boolean {
  const { initialMs, factor, maxMs, jitter, resetAfterMs } = backoff;
  return initialMs >= 0 && maxMs >= initialMs && factor >= 1 && jitter >= 0 && resetAfterMs >= 0;
}
