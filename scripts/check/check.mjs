/* `npm run check`: every check, also when one fails; the last lines say which. */
import { readFileSync } from "node:fs";
import { root, runHere, setUp } from "../setup.mjs";

setUp();
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const checks = Object.keys(scripts).filter((name) => name.startsWith("check:"));
const failed = checks.filter((name) => runHere("npm", ["run", "--silent", name]) !== 0);
for (const name of failed) console.error(`${name} failed; alone: npm run ${name}`);
if (failed.length === 0) console.error(`all in order: ${checks.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
