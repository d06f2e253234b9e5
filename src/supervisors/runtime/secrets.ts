import { existsSync } from "node:fs";
import { isSecretName } from "../../actors/agent/wire/harness.ts";

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
