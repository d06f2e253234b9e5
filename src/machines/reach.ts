import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import type { Reach } from "./machine.ts";
import { assertSocketPath } from "./shell.ts";

/**
 * Make a socket of this host known under another path, such as one in a folder that a machine sees.
 *
 * Each client gets a connection of its own, made when it comes, so a door that was opened anew is
 * found again.
 */
export async function forwardSocket(options: {
  readonly from: string;
  readonly to: string;
  /** The path of `from` as the machine sees it. */
  readonly seenAs: string;
}): Promise<Reach> {
  assertSocketPath(options.from);
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const door = connect({ path: options.to, allowHalfOpen: true });
    client.pipe(door).pipe(client);
    for (const [one, other] of [
      [client, door],
      [door, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(options.from);
  await once(server, "listening");
  return {
    socket: options.seenAs,
    [Symbol.asyncDispose]: async () => {
      await closed(server);
      await rm(options.from, { force: true });
    },
  };
}

/** Clients that still talk keep a server open; nobody waits for them. */
async function closed(server: Server): Promise<void> {
  server.unref();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    setImmediate(resolve);
  });
}
