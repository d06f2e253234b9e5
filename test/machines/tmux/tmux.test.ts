import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { LocalMachine } from "../../../src/machines/local/local.ts";
import { findMarked, readProcess } from "../../../src/machines/local/processes.ts";
import { createTmux, type Tmux } from "../../../src/machines/tmux/tmux.ts";
import { maxLogBytes } from "../../../src/machines/tmux/words.ts";
import { localMachine, scratch } from "../scratch.ts";

interface World {
  readonly machine: LocalMachine;
  readonly tmux: Tmux;
  readonly socket: string;
  /** In the environment of all that runs here. */
  readonly run: string;
}

const newFolder = scratch();
const worlds: World[] = [];

/** A private tmux server, not started yet, on a machine in a fresh folder. */
async function world(timeoutMs?: number): Promise<World> {
  const folder = newFolder();
  const run = `tmux-${process.pid}-${worlds.length}-${folder.length}`;
  const machine = await localMachine(folder, { RAMURE_RUN: run });
  const socket = join(folder, "t/s");
  const tmux = createTmux(machine, { socket, configPath: join(folder, "t/conf"), timeoutMs });
  const made = { machine, tmux, socket, run };
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const { machine, tmux } of worlds.splice(0)) {
    await tmux.killServer();
    await machine.stop();
  }
});

/** Keeps a pane busy and shows whatever is pasted into it. */
const echo = ["sh", "-c", "stty -echo; echo ready; cat -v"];

async function shows(tmux: Tmux, name: string, text: string | RegExp): Promise<void> {
  const read = () => tmux.capturePane(name, { historyLines: 5 });
  await expect.poll(read).toMatch(text);
}

async function serverPid({ machine, socket }: World): Promise<number> {
  const asked = await machine.exec(["tmux", "-N", "-S", socket, "display-message", "-p", "#{pid}"]);
  return Number(asked.stdout);
}

/** The size of the window of session `a`. */
async function sizeOf({ machine, socket }: World): Promise<string> {
  const ask = ["display-message", "-p", "-t", "=a:", "#{window_width}x#{window_height}"];
  return (await machine.exec(["tmux", "-N", "-S", socket, ...ask])).stdout.trim();
}

describe.runIf(await hasTmux())("A tmux client", () => {
  it("a tmux client tells the version", async () => {
    const { tmux } = await world();
    expect(await tmux.version()).toMatch(/^\d+\.\d+/);
  });

  it("a tmux client says how to install tmux where there is none, or an old one", async () => {
    const folder = newFolder();
    const machine = await localMachine(folder, { PATH: folder });
    const tmux = createTmux(machine, { socket: join(folder, "s"), configPath: join(folder, "c") });
    await expect(tmux.version()).rejects.toMatchObject({ code: "tmux-missing", retryable: false });
    await expect(tmux.hasSession("a")).rejects.toThrow(/apt-get install.*brew install.*dnf/);
    await machine.writeFile("tmux", "#!/bin/sh\necho tmux 3.1c\n", { mode: 0o755 });
    await expect(tmux.version()).rejects.toThrow(/has tmux 3\.1c, and agents need tmux 3\.2/);
    await machine.writeFile("tmux", "#!/bin/sh\necho tmux next-3.6\n", { mode: 0o755 });
    expect(await tmux.version()).toBe("next-3.6");
    await machine.stop();
  });

  it("a tmux client knows without a server that nothing is there", async () => {
    const { tmux } = await world();
    expect(await tmux.hasSession("a")).toBe(false);
    expect(await tmux.listSessions()).toEqual([]);
    expect(await tmux.paneStatus("a")).toBeUndefined();
    expect(await tmux.capturePane("a")).toBeUndefined();
    await tmux.killSession("a");
    await tmux.killServer();
    await expect(tmux.paste("a", "x")).rejects.toMatchObject({ code: "tmux" });
  });

  it("a tmux client runs words without a shell, in a directory, at a size", async () => {
    const { tmux, machine } = await world();
    const words = [
      "a b",
      "$HOME",
      "it's",
      "end;",
      "back\\;",
      ";",
      "#(touch probe)",
      "#{pid}",
      "%H",
    ];
    const command = ["sh", "-c", 'stty size; printf "<%s>\\n" "$@"; pwd; sleep 60', "sh", ...words];
    await machine.writeFile("in #h 100%d/x", "");
    const cwd = join(machine.workDir, "in #h 100%d");
    await tmux.newSession({ name: "a", command, cwd, cols: 100, rows: 30 });
    await shows(tmux, "a", "in #h 100%d");
    const screen = await tmux.capturePane("a");
    expect(screen?.trim().split("\n")).toEqual([
      "30 100",
      ...words.map((word) => `<${word}>`),
      cwd,
    ]);
    expect(existsSync(join(machine.workDir, "probe"))).toBe(false);
  });

  it("a tmux client runs a single word as a program, not as a line", async () => {
    const { tmux, machine } = await world();
    await machine.writeFile("a b; exit 9", "#!/bin/sh\nexit 5\n", { mode: 0o755 });
    await tmux.newSession({ name: "a", command: [join(machine.workDir, "a b; exit 9")] });
    await expect.poll(() => tmux.paneStatus("a")).toMatchObject({ dead: true, status: 5 });
  });

  it("a tmux client adds to a pane's environment and passes on the machine's", async () => {
    const { tmux, run } = await world();
    const command = ["sh", "-c", 'echo "<$EXTRA><$RAMURE_RUN>"; sleep 60'];
    await tmux.newSession({ name: "a", command, env: { EXTRA: "x y;" } });
    await shows(tmux, "a", `<x y;><${run}>`);
  });

  it("a tmux client matches names exactly: worker-1 is not worker-10", async () => {
    const { tmux } = await world();
    await tmux.newSession({ name: "worker-10", command: echo });
    expect(await tmux.hasSession("worker-1")).toBe(false);
    expect(await tmux.paneStatus("worker-1")).toBeUndefined();
    await tmux.killSession("worker-1");
    await expect(tmux.respawnPane("worker-1", { command: echo })).rejects.toThrow(/can't find/);
    await expect(tmux.paste("worker-1", "x")).rejects.toThrow(/can't find/);
    await tmux.newSession({ name: "worker-1", command: echo });
    await tmux.killSession("worker-1");
    expect(await tmux.listSessions()).toEqual(["worker-10"]);
  });

  it("a tmux client refuses #( and other unsafe words in every name and path, before anything runs", async () => {
    const { tmux, machine } = await world();
    const evil = `#(touch ${join(machine.workDir, "probe")})`;
    const tries = [
      () => tmux.newSession({ name: evil, command: echo }),
      () => tmux.newSession({ name: "a", command: echo, cwd: `/tmp/${evil}` }),
      () => tmux.respawnPane(evil, { command: echo }),
      () => tmux.killSession(evil),
      () => tmux.hasSession(evil),
      () => tmux.paneStatus(evil),
      () => tmux.capturePane(evil),
      () => tmux.paste(evil, "x"),
      () => tmux.sendKeys(evil, "Enter"),
      () => tmux.waitFor(evil),
      () => tmux.signalChannel(evil),
      () => tmux.pipePane(evil, "/tmp/x"),
      () => tmux.pipePane("a", evil),
      async () => tmux.attachArgv(evil),
    ];
    await tmux.startServer();
    await machine.writeFile(`${evil}/x`, ""); // The directory exists, so only the refusal stops it.
    const inside = join(machine.workDir, evil);
    await expect(tmux.newSession({ name: "a", command: echo, cwd: inside })).rejects.toMatchObject({
      code: "unsafe-word",
    });
    for (const attempt of tries) {
      const refused = expect.stringMatching(/invalid-name|unsafe-word|machine-file/);
      await expect(attempt()).rejects.toMatchObject({ code: refused });
    }
    expect(existsSync(join(machine.workDir, "probe"))).toBe(false);
  });

  it("a tmux client leaves nothing to run in what a model may write: text, arguments, titles", async () => {
    const { tmux, machine } = await world();
    const evil = `#(touch ${join(machine.workDir, "probe")})`;
    const title = [
      "sh",
      "-c",
      `printf '\\033]2;%s\\007\\033k%s\\033\\\\' "$1" "$1"; cat`,
      "sh",
      evil,
    ];
    await tmux.newSession({ name: "a", command: title });
    await tmux.paste("a", `${evil}\n`);
    await shows(tmux, "a", "touch");
    await tmux.respawnPane("a", { command: ["sleep", "60", evil] });
    await tmux.paneStatus("a");
    await machine.exec(["sleep", "0.3"]);
    expect(existsSync(join(machine.workDir, "probe"))).toBe(false);
  });

  it("a tmux client keeps what starts a session out of the server's command line", async () => {
    const made = await world();
    await made.tmux.newSession({
      name: "a",
      command: ["sleep", "60", "canary"],
      env: { K: "canary" },
    });
    const line = readFileSync(`/proc/${await serverPid(made)}/cmdline`, "utf8");
    expect(line).toContain("start-server");
    expect(line).not.toContain("canary");
  });

  it("a tmux client reads its own configuration, not the user's", async () => {
    const made = await world();
    await made.tmux.startServer();
    const options = ["status", "remain-on-exit", "escape-time", "exit-empty", "set-titles"];
    const { stdout } = await made.machine.exec(
      options
        .map((option) => `tmux -N -S ${made.socket} show-options -Agv ${option} || true`)
        .join("; "),
    );
    expect(stdout).toContain("off");
    expect(statSync(join(made.socket, "../conf")).mode & 0o777).toBe(0o600);
    expect(statSync(join(made.socket, "..")).mode & 0o777).toBe(0o700);
    const messages = await made.machine.exec(["tmux", "-N", "-S", made.socket, "show-messages"]);
    expect(messages.stdout).not.toMatch(/unknown|invalid/);
  });

  it("a tmux client says that a name is taken, a directory is not there, a command is too long", async () => {
    const { tmux } = await world();
    await tmux.newSession({ name: "a", command: echo });
    await expect(tmux.newSession({ name: "a", command: echo })).rejects.toThrow(/duplicate/);
    const nowhere = tmux.newSession({ name: "b", command: echo, cwd: "/no/such" });
    await expect(nowhere).rejects.toMatchObject({ code: "machine-file", path: "/no/such" });
    const long = ["echo", "x".repeat(17_000)];
    await expect(tmux.newSession({ name: "b", command: long })).rejects.toThrow(/too long/);
    await tmux.newSession({ name: "c", command: ["sleep", "60", "x".repeat(15_000)] });
    expect(await tmux.listSessions()).toEqual(["a", "c"]);
  });

  it("a tmux client starts many sessions at once on a server that was not there", async () => {
    const { tmux } = await world();
    const names = Array.from({ length: 12 }, (_, number) => `s${number}`);
    await Promise.all(names.map((name) => tmux.newSession({ name, command: echo })));
    expect([...(await tmux.listSessions())].sort()).toEqual([...names].sort());
  });

  it("a tmux client pastes text as it is: last ;, 100 kB, quotes, unicode, leading dashes", async () => {
    const { tmux, machine } = await world();
    const texts = [
      "hello;",
      "-n --",
      'it\'s "$HOME" `x` #{pid} %H \\;',
      "名前 🦊 é",
      "x".repeat(3_000),
    ];
    const large = `${`${"y".repeat(99)}\n`.repeat(1_000)}`;
    const out = join(machine.workDir, "got");
    const command = ["sh", "-c", `stty -echo -icanon; echo ready; exec cat > '${out}'`];
    await tmux.newSession({ name: "a", command });
    await shows(tmux, "a", "ready");
    const sent = [...texts.map((text) => `${text}\n`), large];
    for (const text of sent) await tmux.paste("a", text);
    const read = () => readFileSync(out, "utf8");
    await expect.poll(read).toBe(sent.join(""));
  });

  it("a tmux client brackets a paste for programs that ask for it, so that its lines are not submitted", async () => {
    const { tmux } = await world();
    const command = ["sh", "-c", "stty -echo -icanon; printf '\\033[?2004h'; echo ready; cat -v"];
    await tmux.newSession({ name: "a", command });
    await shows(tmux, "a", "ready");
    await tmux.paste("a", "one");
    await shows(tmux, "a", "^[[200~one^[[201~");
  });

  it("a tmux client refuses to paste into a dead pane, which would crash tmux 3.3a", async () => {
    const { tmux } = await world();
    await tmux.newSession({ name: "a", command: ["sh", "-c", "exit 0"] });
    await expect.poll(() => tmux.paneStatus("a")).toMatchObject({ dead: true });
    await expect(tmux.paste("a", "x")).rejects.toThrow(/dead/);
    expect(await tmux.hasSession("a")).toBe(true);
  });

  it("a tmux client keeps the last words of what died, the top line above the screen", async () => {
    const { tmux } = await world();
    await tmux.newSession({ name: "a", command: ["sh", "-c", "echo last words; exit 1"] });
    await expect.poll(() => tmux.paneStatus("a")).toMatchObject({ dead: true, status: 1 });
    expect(await tmux.capturePane("a", { historyLines: 5 })).toContain("last words");
  });

  it("a tmux client presses keys", async () => {
    const { tmux } = await world();
    await tmux.newSession({
      name: "a",
      command: ["sh", "-c", "stty -echo; read line; echo got $line"],
    });
    await tmux.paste("a", "typed");
    await tmux.sendKeys("a", "Enter");
    await shows(tmux, "a", "got typed");
  });

  it("a tmux client tells how a pane's process ended, every time", async () => {
    const { tmux } = await world();
    await tmux.newSession({ name: "a", command: ["sleep", "60"] });
    const alive = await tmux.paneStatus("a");
    expect(alive).toMatchObject({ dead: false, status: undefined, signal: undefined });
    for (let round = 0; round < 15; round += 1) {
      await tmux.respawnPane("a", { command: ["sh", "-c", "exit 42"] });
      await expect.poll(() => tmux.paneStatus("a")).toMatchObject({ dead: true, status: 42 });
      await tmux.respawnPane("a", { command: ["sh", "-c", "kill -9 $$"] });
      await expect
        .poll(() => tmux.paneStatus("a"))
        .toMatchObject({ dead: true, signal: "SIGKILL" });
    }
  });

  it("a tmux client respawns in place: same session, same log, other directory", async () => {
    const { tmux, machine } = await world();
    const log = join(machine.workDir, "100%d it's #1.log");
    await tmux.newSession({ name: "a", command: ["sh", "-c", "sleep 60"] });
    await tmux.pipePane("a", log);
    await machine.writeFile("sub/x", "");
    const cwd = join(machine.workDir, "sub");
    await tmux.respawnPane("a", { command: ["sh", "-c", "pwd; sleep 60"], cwd, env: { A: "b" } });
    await shows(tmux, "a", cwd);
    await expect.poll(() => readFileSync(log, "utf8")).toContain(cwd);
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  it("a tmux client keeps the newest of what a pane shows, and no more than two logs hold", async () => {
    const { tmux, machine } = await world();
    const log = join(machine.workDir, "pane.log");
    const line = "x".repeat(100);
    const show = `head -c 20000000 /dev/zero | tr '\\0' x | fold -w 100; echo THE END; sleep 60`;
    await tmux.newSession({ name: "a", command: ["sh", "-c", `read go; ${show}`] });
    await tmux.pipePane("a", log);
    await tmux.sendKeys("a", "Enter");
    await expect.poll(() => readFileSync(log, "utf8"), { timeout: 45_000 }).toContain("THE END");
    const sizes = [log, `${log}.1`].map((file) => statSync(file).size);
    for (const size of sizes) expect(size).toBeLessThan(maxLogBytes + 1_048_577);
    expect(sizes[1]).toBeGreaterThan(maxLogBytes - 1);
    expect(readFileSync(`${log}.1`, "utf8")).toContain(line);
    expect(readdirSync(machine.workDir).filter((name) => name.startsWith("pane"))).toHaveLength(2);
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  it("a tmux client waits for a channel, signalled before or after", async () => {
    const { tmux } = await world();
    await tmux.startServer();
    const waiting = tmux.waitFor("after");
    await tmux.signalChannel("after");
    await waiting;
    await tmux.signalChannel("before");
    await tmux.waitFor("before");
  });

  it("a tmux client stops waiting for a channel when aborted, and when the server ends", async () => {
    const made = await world();
    await made.tmux.startServer();
    const controller = new AbortController();
    const aborted = made.tmux.waitFor("never", { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    const lost = expect(made.tmux.waitFor("never")).rejects.toMatchObject({ code: "tmux" });
    await made.machine.exec(["sleep", "0.2"]);
    process.kill(await serverPid(made), "SIGKILL");
    await lost;
  });

  it("a tmux client ends a session with all it started, also what ignores SIGHUP, and no other", async () => {
    const { tmux, run } = await world();
    const stubborn = "trap '' HUP TERM; (setsid sleep 1041 &); sleep 1042; sleep 1043";
    for (let number = 0; number < 12; number += 1) {
      await tmux.newSession({ name: `s${number}`, command: ["sh", "-c", "sleep 1044"] });
    }
    await tmux.newSession({ name: "bad", command: ["sh", "-c", stubborn] });
    const stubbornOnes = async () =>
      ((await findMarked("RAMURE_RUN", run)) ?? [])
        .map(commandOf)
        .filter((text) => /104[12]/.test(text));
    await expect.poll(stubbornOnes).toEqual(expect.arrayContaining(["sleep 1041", "sleep 1042"]));
    await tmux.killSession("s1");
    expect(await tmux.paneStatus("s10")).toMatchObject({ dead: false });
    await tmux.killSession("bad");
    expect(await tmux.listSessions()).toHaveLength(11);
    expect(await stubbornOnes()).toEqual([]);
  });

  it("a tmux client ends the server and all it started", async () => {
    const made = await world();
    const { tmux, run, socket } = made;
    const stubborn = "trap '' HUP TERM; (setsid sleep 1041 &); sleep 1042; sleep 1043";
    await tmux.newSession({ name: "a", command: ["sh", "-c", stubborn] });
    await tmux.newSession({ name: "b", command: ["sh", "-c", "sleep 1044"] });
    const server = await serverPid(made);
    await tmux.killServer();
    expect(await readProcess(server)).toBeUndefined();
    expect(await findMarked("RAMURE_RUN", run)).toEqual([]);
    expect(existsSync(socket)).toBe(false);
    await tmux.killServer();
  });

  it("a tmux client ends a server that hangs", async () => {
    const made = await world(1_500);
    await made.tmux.newSession({ name: "a", command: ["sleep", "1045"] });
    const server = await serverPid(made);
    process.kill(server, "SIGSTOP");
    await expect(made.tmux.hasSession("a")).rejects.toThrow(/Timed out/);
    await made.tmux.killServer();
    expect(await readProcess(server)).toBeUndefined();
    expect(await findMarked("RAMURE_RUN", made.run)).toEqual([]);
  });

  it("a tmux client survives a kill -9 of the server: nothing is there, nothing is left, and it starts again", async () => {
    const made = await world();
    const { tmux, run, socket } = made;
    const stubborn = "trap '' HUP; (setsid sleep 1041 &); sleep 1042; sleep 1043";
    await tmux.newSession({ name: "a", command: ["sh", "-c", stubborn] });
    const server = await serverPid(made);
    process.kill(server, "SIGKILL");
    await expect.poll(() => readProcess(server)).toBeUndefined();
    expect(await tmux.hasSession("a")).toBe(false);
    expect(await tmux.paneStatus("a")).toBeUndefined();
    expect(existsSync(socket)).toBe(true); // A stale socket, which the next server takes over.
    await tmux.newSession({ name: "b", command: ["sh", "-c", "sleep 1044"] });
    expect(await tmux.listSessions()).toEqual(["b"]);
    await tmux.killServer();
    expect(await findMarked("RAMURE_RUN", run)).toEqual([]);
  });

  it("a tmux client shows a session to a person's terminal, read-only if wanted, in tmux or not", async () => {
    const { tmux } = await world();
    await tmux.newSession({ name: "a", command: echo });
    await shows(tmux, "a", "ready");
    expect(tmux.attachArgv("a", { readOnly: true })).toContain("-r");
    // The person sits in a pane of another server, as `TMUX` says.
    const person = await world();
    const command = tmux.attachArgv("a");
    await person.tmux.newSession({ name: "person", command, cols: 80, rows: 20 });
    await shows(person.tmux, "person", "ready");
    await person.tmux.paste("person", "typed by hand");
    await person.tmux.sendKeys("person", "Enter");
    await shows(tmux, "a", "typed by hand");
  });

  it("a tmux client makes a window as large as the terminal of whoever looks, and as before when nobody does", async () => {
    const made = await world();
    const { tmux } = made;
    const place = "/fix-issues/fixers/t0002/worker";
    const line = ["sh", "-c", "while :; do clear; seq -s . 1 100; stty size; sleep 0.1; done"];
    await tmux.newSession({ name: "a", command: line, place });
    await expect.poll(() => sizeOf(made)).toBe("120x36");
    const person = await world();
    const looks = async (name: string, cols: number, rows: number): Promise<readonly string[]> => {
      const command = tmux.attachArgv("a");
      await person.tmux.newSession({ name, command, cols, rows });
      await shows(person.tmux, name, `${rows - 1} ${cols}`);
      return ((await person.tmux.capturePane(name)) ?? "").split("\n");
    };
    const whole = Array.from({ length: 100 }, (_, index) => index + 1).join(".");
    for (const [cols, rows] of [
      [60, 45],
      [110, 40],
      [200, 50],
    ] as const) {
      // Each next terminal is attached beside those before, which stay.
      const screen = await looks(`of-${cols}`, cols, rows);
      expect(await sizeOf(made)).toBe(`${cols}x${rows - 1}`);
      expect(screen.join("")).toContain(whole);
      expect(screen[rows - 1]).toContain(`C-b d leaves   ${place}`);
    }
    await person.tmux.sendKeys("of-200", "C-b", "d");
    await expect.poll(() => sizeOf(made)).toBe("110x39");
    await shows(person.tmux, "of-200", /Pane is dead/);
    expect(await person.tmux.capturePane("of-200")).not.toContain("detached");
    // A terminal that is closed leaves as well.
    await person.tmux.killSession("of-110");
    await expect.poll(() => sizeOf(made)).toBe("60x44");
    await person.tmux.sendKeys("of-60", "C-b", "d");
    await expect.poll(() => sizeOf(made)).toBe("120x36");
    await looks("again", 90, 25);
  });

  it("a tmux client refuses a place that tmux could read as more than a text", async () => {
    const { tmux } = await world();
    for (const place of ["/a#(touch probe)", "/a b", "", "/a\nb"]) {
      const made = tmux.newSession({ name: "a", command: echo, place });
      await expect(made).rejects.toMatchObject({ code: "invalid-name" });
    }
    expect(await tmux.hasSession("a")).toBe(false);
  });

  it("a tmux client attaches to nothing where there is nothing, and starts no server", async () => {
    const { tmux, machine, socket } = await world();
    await machine.exec(["mkdir", "-p", join(socket, "..")]);
    const [file = "", ...words] = tmux.attachArgv("a");
    const attached = await machine.exec([file, ...words]);
    expect(attached.exitCode).toBe(1);
    expect(existsSync(socket)).toBe(false);
  });
});

async function hasTmux(): Promise<boolean> {
  const machine = await localMachine(newFolder());
  const { ok } = await machine.exec(["tmux", "-V"]);
  await machine.stop();
  if (!ok) console.warn("tmux is not installed: its tests are left out");
  return ok;
}

/** The command line of a process; empty when it has ended meanwhile. */
function commandOf({ pid }: { readonly pid: number }): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
  } catch {
    return "";
  }
}
