/* `npm run demo`: set up what is missing and run the quickstart; arguments go to it. */
import { runHere, setUp, setUpTmux } from "./setup.mjs";

setUp();
setUpTmux();
const built = runHere(process.execPath, ["--import", "tsx", "scripts/build/bundles.ts"]);
if (built !== 0) process.exit(built);
process.exitCode = runHere(process.execPath, [
  "--import",
  "tsx",
  "examples/quickstart.ts",
  ...process.argv.slice(2),
]);
