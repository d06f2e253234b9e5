import { describe, expect, it } from "vitest";
import {
  modelFailure as failureAt,
  type ModelError,
} from "../../../../src/actors/agent/actor/model-failure.ts";

const now = Date.UTC(2026, 9, 21, 7, 0, 0);
const modelFailure = (failed: ModelError) => failureAt(failed, now);

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
    ["OpenAI Responses stream ended before a terminal response event", "unreachable", true],
    ["stream disconnected before completion", "unreachable", true],
    ["WebSocket closed 1006", "unreachable", true],
    ["upstream connect error, reset before headers", "unreachable", true],
    ["Provider finish_reason: network_error", "unreachable", true],
    ["8 RESOURCE_EXHAUSTED: slow down", "rate-limit", true],
    ["server_busy: you can retry your request", "overload", true],
    ["400 prompt is too long: 210000 tokens > 200000 maximum", "too-long", false],
    ["413 request_too_large", "too-long", false],
    ["404 model not found", "rejected", false],
    ["400 tools.0.name: invalid", "rejected", false],
    ["Provider finish_reason: content_filter", "refused", false],
    ["Provider stopped with: SAFETY", "refused", false],
    ["Provider stopped with: sensitive", "refused", false],
    ["incomplete: content_filter", "refused", false],
    ["The model refused to complete the request", "refused", false],
    ["400 The response was filtered: Azure OpenAI's content management policy", "refused", false],
    ["403 openai/gpt requires moderation on OpenRouter; your input was flagged", "refused", false],
    ["connect ECONNREFUSED: connection refused", "unreachable", true],
    ["503 safety system unavailable", "overload", true],
    ["401 the model refused", "no-key", false],
    ["An unknown error occurred", "unknown", true],
    ["", "unknown", true],
  ])("a model's failure that says %j is %s", (error, kind, retryable) => {
    expect(modelFailure({ error })).toMatchObject({ class: kind, retryable });
  });

  it.each([
    ["429 Please retry in 23.5s", 23_500],
    ["429 rate limit, try again in 120ms", 120],
    ["Your quota will reset after 2h", 7_200_000],
    ["429 Rate limit reached. Please try again in 7m12.5s.", 432_500],
    ["429 try again in 1 hour, 2 minutes", 3_720_000],
    ["You have hit your usage limit. Try again in ~123 min.", 7_380_000],
    ['429 {"details":[{"retryDelay":"23.5s"}]}', 23_500],
    ['429 {"retry_after_ms":1200}', 1_200],
    ['429 {"retry_after":30}', 30_000],
    ["429 retry-after: 30, slow down", 30_000],
    ["429 Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", 1_680_000],
    ["429 quota resets at 2026-10-21T07:00:09.500Z", 9_500],
    ["429 try again after Wed, 21 Oct 2026 06:00:00 GMT", 0],
    ["429 try again in 400d", 7 * 86_400_000],
    ["429 retry in 3 more places", undefined],
    ["503 not available: 5 models", undefined],
    ["429 too many requests", undefined],
  ])("a model's failure that says %j is asked again after %s ms", (error, retryAfterMs) => {
    expect(modelFailure({ error })).toMatchObject({ retryable: true, retryAfterMs });
  });

  it("a model's failure believes the provider's status and time more than its words", () => {
    expect(modelFailure({ error: "try again in 1s", status: 503, retryAfterMs: 9_000 })).toEqual({
      class: "overload",
      retryable: true,
      retryAfterMs: 9_000,
    });
  });

  it("a model's failure is read in no time, however long and odd its text is", () => {
    const began = process.cpuUsage().user;
    for (const word of ["retry ", "retry 1m ", "resets 1", "available Mon, "]) {
      modelFailure({ error: word.repeat(200_000 / word.length) });
    }
    expect(process.cpuUsage().user - began).toBeLessThan(2_000_000);
  });

  it("a model's failure takes a quota that comes back for a limit, and one that does not for money", () => {
    const error = "429 You exceeded your current quota";
    expect(modelFailure({ error }).class).toBe("no-credit");
    expect(modelFailure({ error: `${error}. Please retry in 3s.` }).class).toBe("rate-limit");
  });
});
