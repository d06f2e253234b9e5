/* `npm run demo`: set up what is missing and run the quickstart; arguments go to it. */
import { runHere, setUp, setUpTmux } from "./setup.mjs";

setUp();
setUpTmux();
process.exitCode = runHere(process.execPath, [
  "--import",
  "tsx",
  "examples/quickstart.ts",
  ...process.argv.slice(2),
]);
