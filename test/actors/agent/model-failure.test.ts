import { describe, expect, it } from "vitest";
import { modelFailure } from "../../../src/actors/agent/model-failure.ts";

describe("a model's failure", () => {
  it.each([
    ["401 Incorrect API key provided: sk-1", "no-key", false],
    ['401 {"type":"error","error":{"type":"authentication_error"}}', "no-key", false],
    ["No API key for provider: anthropic", "no-key", false],
    ["403 Forbidden", "no-key", false],
    ["402 Payment Required", "no-credit", false],
    ["429 You exceeded your current quota, please check your plan and billing", "no-credit", false],
    [
      '400 {"error":{"message":"Your credit balance is too low to access the API"}}',
      "no-credit",
      false,
    ],
    ["429 Rate limit reached for gpt, please try again later", "rate-limit", true],
    ["Too many requests", "rate-limit", true],
    ['529 {"error":{"type":"overloaded_error","message":"Overloaded"}}', "overload", true],
    ["503 Service Unavailable", "overload", true],
    ["500 status code (no body)", "overload", true],
    ['400 {"error":{"type":"server_error"}}', "overload", true],
    ["408 Request Timeout", "overload", true],
    ["Connection error.", "unreachable", true],
    ["fetch failed: ECONNREFUSED 127.0.0.1:1", "unreachable", true],
    ["terminated", "unreachable", true],
    ["400 prompt is too long: 210000 tokens > 200000 maximum", "too-long", false],
    ["413 request_too_large", "too-long", false],
    ["404 model not found", "rejected", false],
    ["400 tools.0.name: invalid", "rejected", false],
    ["Provider finish_reason: content_filter", "unknown", true],
    ["", "unknown", true],
  ])("that says %j is %s", (error, kind, retryable) => {
    expect(modelFailure({ error })).toMatchObject({ class: kind, retryable });
  });

  it.each([
    ["429 Please retry in 23.5s", 23_500],
    ["429 rate limit, try again in 120ms", 120],
    ["Your quota will reset after 2h", 7_200_000],
    ["429 too many requests", undefined],
  ])("that says %j is asked again after %s ms", (error, retryAfterMs) => {
    expect(modelFailure({ error })).toMatchObject({ retryable: true, retryAfterMs });
  });

  it("believes the provider's status and time more than its words", () => {
    expect(modelFailure({ error: "try again in 1s", status: 503, retryAfterMs: 9_000 })).toEqual({
      class: "overload",
      retryable: true,
      retryAfterMs: 9_000,
    });
  });

  it("takes a quota that comes back for a limit, and one that does not for money", () => {
    const error = "429 You exceeded your current quota";
    expect(modelFailure({ error }).class).toBe("no-credit");
    expect(modelFailure({ error: `${error}. Please retry in 3s.` }).class).toBe("rate-limit");
  });
});
