/* `npm test`: set up what is missing, build what the suites start, run them, print one plain line. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runHere, say, setUp, setUpTmux } from "./setup.mjs";

setUp();
setUpTmux();
say("building the extension and the CLI");
const built = runHere(process.execPath, ["--import", "tsx", "scripts/build/bundles.ts"]);
const { code, counts } = built === 0 ? runSuites(process.argv.slice(2)) : broken(built);
const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
console.log(`${counts.passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;

function runSuites(words) {
  const folder = mkdtempSync(join(tmpdir(), "rt-report-"));
  try {
    const file = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const code = runHere(process.execPath, [vitest, "run", ...reporters, ...words]);
    return {
      code,
      counts: existsSync(file) ? count(JSON.parse(readFileSync(file, "utf8"))) : none(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(report) {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function broken(code) {
  return { code, counts: none() };
}

function none() {
  return { passed: 0, failed: 0, skipped: 0 };
}
