/* Runs suites and counts them, for the scripts whose last line is plain: N passed, N failed. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runHere, say } from "./setup.mjs";

/** Build what suites start, and run those that the words of vitest choose. Gives its exit code and counts. */
export function runSuites(words, { env = process.env, limitMs } = {}) {
  say("building the extension and the CLI");
  const built = runHere(process.execPath, ["--import", "tsx", "scripts/build/bundles.ts"]);
  if (built !== 0) return { code: built, counts: none() };
  const folder = mkdtempSync(join(tmpdir(), "rt-report-"));
  try {
    const file = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const all = [vitest, "run", ...reporters, ...words];
    const code = runHere(process.execPath, all, { env, limitMs });
    const counts = existsSync(file) ? count(JSON.parse(readFileSync(file, "utf8"))) : none();
    return { code, counts };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Print the last line and set the exit code. `more` failed beside the suites. */
export function finish({ code, counts }, more = 0) {
  const failed = (code !== 0 && counts.failed === 0 ? 1 : counts.failed) + more;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  console.log(`${counts.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed === 0 ? 0 : 1;
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

function none() {
  return { passed: 0, failed: 0, skipped: 0 };
}
