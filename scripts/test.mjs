/* `npm test`: set up what is missing, build what the suites start, run them, print one plain line. */
import { setUp, setUpTmux } from "./setup.mjs";
import { finish, runSuites } from "./suites.mjs";

setUp();
setUpTmux();
finish(runSuites(process.argv.slice(2)));
