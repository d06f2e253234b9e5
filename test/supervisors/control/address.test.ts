import { describe, expect, it } from "vitest";
import { nearNames } from "../../../src/names.ts";
import { resolveAddress } from "../../../src/supervisors/control/address.ts";
import type { ControlError } from "../../../src/supervisors/control/error.ts";

const nodes = [
  ["/main", "process", "running"],
  ["/main/local", "machine", "ready"],
  ["/main/author", "agent", "idle"],
  ["/main/pool", "process", "running"],
  ["/main/pool/t1", "process", "done"],
  ["/main/pool/t1/worker", "agent", "stopped"],
  ["/main/pool/t2", "process", "running"],
  ["/main/pool/t2/worker", "agent", "working"],
  ["/main/pool/t2/box", "machine", "ready"],
  ["/main/other", "process", "running"],
  ["/main/other/pool", "process", "running"],
  ["/main/other/author", "machine", "ready"],
].map(([path = "", kind = "", state = ""]) => ({ path, kind, state }));

function refusal(text: string, kinds?: readonly string[]): ControlError {
  try {
    resolveAddress(nodes, text, kinds);
  } catch (error) {
    return error as ControlError;
  }
  throw new Error(`${text} was found`);
}

describe("an address", () => {
  it.each<[string, readonly string[], string]>([
    ["/main/pool", [], "/main/pool"],
    ["/main/pool/", [], "/main/pool"],
    ["main", [], "/main"],
    ["t2/worker", [], "/main/pool/t2/worker"],
    ["other/pool", [], "/main/other/pool"],
    ["box", ["machine", "agent"], "/main/pool/t2/box"],
  ])("%s finds its node", (text, kinds, path) => {
    expect(resolveAddress(nodes, text, kinds).path).toBe(path);
  });

  it("an address prefers the one that has not ended", () => {
    expect(resolveAddress(nodes, "worker").path).toBe("/main/pool/t2/worker");
    expect(resolveAddress(nodes, "t1/worker").path).toBe("/main/pool/t1/worker");
  });

  it("an address means the only one of the kinds that fit", () => {
    expect(resolveAddress(nodes, "author", ["agent"]).path).toBe("/main/author");
    expect(refusal("author").reason).toBe("ambiguous");
  });

  it("an address that several nodes have is ambiguous, and names them", () => {
    const { reason, facts } = refusal("pool");
    expect(reason).toBe("ambiguous");
    expect(facts.candidates).toEqual(["/main/pool", "/main/other/pool"]);
  });

  it("an address that no node has is not found, and names those like it", () => {
    expect(refusal("workr", ["agent"])).toMatchObject({
      reason: "not-found",
      facts: { near: ["worker"] },
    });
    expect(refusal("/main/pol").facts.near).toContain("/main/pool");
    expect(refusal("t2/wroker").facts.near).toContain("t2/worker");
  });

  it("an address of another kind is the wrong state, and says which kind it is", () => {
    const { reason, message } = refusal("box", ["agent"]);
    expect(reason).toBe("wrong-state");
    expect(message).toBe("/main/pool/t2/box is a machine, and this needs an agent.");
  });

  it("an address that several of another kind have names none of them, but what may be meant within them", () => {
    const { reason, message, facts } = refusal("pool", ["agent"]);
    expect(reason).toBe("wrong-state");
    expect(message).toBe('"pool" is the name of 2 processes, and this needs an agent.');
    expect(facts.candidates).toEqual(["/main/pool/t2/worker"]);
  });

  it("an address matches whole segments only, and an empty one nothing", () => {
    expect(refusal("orker").reason).toBe("not-found");
    expect(refusal("").reason).toBe("not-found");
    expect(refusal("/").reason).toBe("not-found");
  });
});

describe("near names", () => {
  it("near names begin alike or differ in few letters, nearest first", () => {
    expect(nearNames("stat", ["status", "start", "stop", "send"])).toEqual([
      "start",
      "status",
      "stop",
    ]);
  });
});
