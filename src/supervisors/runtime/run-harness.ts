import { existsSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Harness,
  isSecretName,
  type Launched,
  type LaunchSpec,
} from "../../actors/agent/wire/index.ts";
import type { Redaction } from "../../actors/data/index.ts";
import { privateDirectory } from "../../machines/local/index.ts";
import type { ThingLog } from "../home/index.ts";

/** The parts of a run that the launch of an agent uses. */
export interface Outfit {
  readonly things: ThingLog;
  readonly redaction: Redaction;
  /** Give the file of an agent's terminal log, on this host. */
  paneLog(path: string): string;
}

/** Make a harness record what it makes, log where the run logs, and show none of the run's secrets. */
export function runHarness(harness: Harness, outfit: Outfit): Harness {
  return {
    kind: harness.kind,
    forks: harness.forks,
    launch: async (spec) => {
      outfit.redaction.add(spec.token);
      return await launch(harness, spec, outfit);
    },
    ...(harness.mounts && { mounts: async () => (await harness.mounts?.()) ?? [] }),
    release: async (machine, run) => await harness.release?.(machine, run),
  };
}

async function launch(harness: Harness, spec: LaunchSpec, outfit: Outfit): Promise<Launched> {
  const { things, redaction } = outfit;
  const { path, epoch } = spec;
  const paneLog = outfit.paneLog(path);
  await privateDirectory(dirname(paneLog));
  try {
    const launched = await harness.launch({
      ...spec,
      paneLog,
      record: (thing) => things.record(thing, { path, epoch }),
      conceal: (secret) => redaction.add(secret),
    });
    return discreet(launched, redaction);
  } catch (error) {
    throw withoutSecrets(error, redaction);
  }
}

/**
 * Take the run's secrets out of the last words on an agent's screen, which stand in messages for
 * people.
 */
function discreet(launched: Launched, redaction: Redaction): Launched {
  return {
    exited: launched.exited.then((exit) => ({ ...exit, detail: redaction.text(exit.detail) })),
    aside: launched.aside,
    keep: launched.keep,
    alive: () => launched.alive(),
    attach: (options) => launched.attach(options),
    stop: () => launched.stop(),
    kill: () => launched.kill(),
  };
}

/** The error itself, so that its class tells what it did, with another message where that had a secret. */
function withoutSecrets(error: unknown, redaction: Redaction): unknown {
  if (!(error instanceof Error)) return error;
  const message = redaction.text(error.message);
  if (message === error.message) return error;
  return Object.assign(error, { message, stack: redaction.text(error.stack ?? "") });
}

/** Give the values of an environment that are secrets by their names. */
export function secretsOf(env: NodeJS.ProcessEnv): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && isSecretName(name) && !isHarmless(value) ? [value] : [],
  );
}

/**
 * The path of a file, such as `TOKEN_FILE=/run/x`, or a short word or number, such as `KEYBOARD=qwerty`,
 * would hide much that is no secret. A secret in base64 may begin with a slash, too.
 */
function isHarmless(value: string): boolean {
  return value.length < 8 || (value.startsWith("/") && existsSync(value));
}
