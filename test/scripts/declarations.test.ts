import { describe, expect, it } from "vitest";
import { exportedNames, reexports, statementsOf } from "../../scripts/check/declarations.ts";

const text = `import type { A } from "./a.js";
/** One; it has a semicolon and a } brace. */
export interface One {
    readonly a: { b: string; c: "};" };
}
export declare const two: { three: number; };
export type Four = () => { five: string };
export declare class Six<T> extends Error {
    #private;
    seven(): void;
}
export { type A, b as c } from "./a.js";
export * from "./d.js";
`;

describe("declarations", () => {
  it("declarations are cut into statements, each with its comment", () => {
    const statements = statementsOf(text);
    expect(statements).toHaveLength(7);
    expect(statements[1]).toMatch(/^\/\*\* One;[\s\S]*\n\}$/);
    expect(statements.flatMap(exportedNames)).toEqual(["One", "two", "Four", "Six"]);
  });

  it("declarations say what comes from elsewhere", () => {
    expect(statementsOf(text).flatMap(reexports)).toEqual([
      { name: "A", from: "A", module: "./a.js" },
      { name: "c", from: "b", module: "./a.js" },
      { name: "*", from: "*", module: "./d.js" },
    ]);
  });
});
