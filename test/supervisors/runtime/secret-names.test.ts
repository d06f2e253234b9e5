import { expect, it } from "vitest";
import { secretsOf } from "../../../src/supervisors/runtime/run-harness.ts";

it.each([
  ["ANTHROPIC_API_KEY", "sk-ant-0123", true],
  ["github_token", "ghp_0123456", true],
  ["DB_PASSWORD", "correct horse", true],
  ["SSH_PASSPHRASE", "battery staple", true],
  ["GOOGLE_CREDENTIALS", '{"private_key":"x"}', true],
  ["AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMI/K7MDENG/bPxRfiCY", true],
  ["PIN_SECRET", "4711471147", true],
  ["TOKEN_FILE", "/etc/passwd", false],
  ["KEYBOARD", "qwerty", false],
  ["MAX_TOKENS", "100000", false],
  ["PATH", "/usr/local/bin:/usr/bin", false],
  ["EMPTY_KEY", "", false],
])("a run takes %s=%s for a secret: %s", (name, value, isSecret) => {
  expect(secretsOf({ [name]: value })).toEqual(isSecret ? [value] : []);
});
