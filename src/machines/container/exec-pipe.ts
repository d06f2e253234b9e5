import { once } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import type { Argv } from "../machine.ts";
import { LostWay, type Pipe } from "../piped/index.ts";
import { type Engine, EngineRefusal, textField } from "./engine.ts";

export interface ExecTarget {
  readonly engine: Engine;
  readonly container: string;
  readonly user?: string | undefined;
}

/** Start words in a container. Throws LostWay when the container is gone. */
export async function execPipe(
  { engine, container, user }: ExecTarget,
  words: Argv,
): Promise<Pipe> {
  try {
    const made = await engine.call("POST", `/containers/${container}/exec`, {
      body: {
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Tty: false,
        Cmd: words,
        WorkingDir: "/",
        ...(user === undefined ? {} : { User: user }),
      },
    });
    const id = textField(made, "Id") ?? "";
    return pipeOf(await engine.open(`/exec/${id}/start`, { Detach: false, Tty: false }));
  } catch (error) {
    if (error instanceof EngineRefusal) throw new LostWay("the engine refuses", error.said);
    throw error;
  }
}

/** The engine sends both outputs through one connection, in frames of 8 bytes and a text. */
function pipeOf(socket: Duplex): Pipe {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const frames = new Frames((stream, data) => (stream === 2 ? errors : output).write(data));
  socket.on("data", (chunk: Buffer) => {
    if (frames.push(chunk)) return;
    // The reader is slow, so the command must wait.
    socket.pause();
    const drains = [output, errors].filter(({ writableNeedDrain }) => writableNeedDrain);
    void Promise.race(drains.map((stream) => once(stream, "drain"))).then(() => socket.resume());
  });
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => {
    const end = (): void => {
      output.end();
      errors.end();
      resolve("the engine closed the connection");
    };
    socket.once("end", end);
    socket.once("close", end);
  });
  return {
    input: socket,
    output,
    errors,
    closed,
    close: () => {
      socket.destroy();
    },
    unref: () => {
      if ("unref" in socket && typeof socket.unref === "function") socket.unref();
    },
  };
}

const headerLength = 8;

/** Takes apart the frames of a connection. */
class Frames {
  readonly #take: (stream: number, data: Buffer) => boolean;
  #header = Buffer.alloc(0);
  #stream = 0;
  #left = 0;

  constructor(take: (stream: number, data: Buffer) => boolean) {
    this.#take = take;
  }

  /** Take a chunk. Gives false when the receiver of the data is behind. */
  push(chunk: Buffer): boolean {
    let rest = chunk;
    let ready = true;
    while (rest.length > 0) {
      if (this.#left === 0) {
        const missing = headerLength - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#header.length < headerLength) break;
        this.#stream = this.#header[0] ?? 1;
        this.#left = this.#header.readUInt32BE(4);
        this.#header = Buffer.alloc(0);
        continue;
      }
      const data = rest.subarray(0, this.#left);
      this.#left -= data.length;
      rest = rest.subarray(data.length);
      ready = this.#take(this.#stream, data) && ready;
    }
    return ready;
  }
}
