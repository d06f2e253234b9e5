import { isSecretName } from "../../actors/agent/harness.ts";

/** Give the values of an environment that are secrets by their names. */
export function secretsOf(env: NodeJS.ProcessEnv): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && isSecretName(name) && !isHarmless(value) ? [value] : [],
  );
}

/** A path, a number or a plain word, such as `TOKEN_FILE=/run/x` or `KEYBOARD=querty`, would hide much that is no secret. */
function isHarmless(value: string): boolean {
  return value.startsWith("/") || /^\d+$/.test(value) || value.length < 8;
}
