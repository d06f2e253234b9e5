import type { Remains } from "../machine.ts";
import { Engine, EngineRefusal, textField } from "./engine.ts";

/** Remove a container by the name that it was made under. */
export async function removeContainerRemains({ name, facts }: Remains): Promise<void> {
  await removed(facts, `/containers/${encodeURIComponent(name)}`, { force: "true", v: "true" });
}

/** Remove the image that a container was forked into. */
export async function removeImageRemains({ name, facts }: Remains): Promise<void> {
  await removed(facts, `/images/localhost/${name}`, { force: "true" });
}

async function removed(
  facts: Remains["facts"],
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<void> {
  const engine = new Engine(textField(facts, "engine") ?? "");
  try {
    await engine.call("DELETE", path, { query });
  } catch (error) {
    if (!(error instanceof EngineRefusal && error.status === 404)) throw error;
  }
}
