import fc from "fast-check";
import { toldToOtp } from "./otp.ts";
import { type Story, stories } from "./story.ts";
import { told } from "./told-supervisor.ts";

/** A story after which a supervisor of OTP and one of ours have different journals. */
export interface Difference {
  readonly story: Story;
  readonly otp: readonly string[];
  readonly ours: readonly string[];
}

/** Tell random stories to both. Resolves to those that went differently. */
export async function differences(count: number, seed: number): Promise<readonly Difference[]> {
  return await differing(fc.sample(stories, { numRuns: count, seed }));
}

/** Leave out of a story whatever its difference does not need. */
export async function shortened(difference: Difference): Promise<Difference> {
  for (let shortest = difference; ; ) {
    const [shorter] = await differing(shorterStories(shortest.story));
    if (shorter === undefined) return shortest;
    shortest = shorter;
  }
}

async function differing(all: readonly Story[]): Promise<readonly Difference[]> {
  const journals = await toldToOtp(all);
  const found: Difference[] = [];
  for (const [index, story] of all.entries()) {
    const otp = translated(story, journals[index] ?? []);
    const ours = translated(story, await told(story));
    if (otp.join("\n") !== ours.join("\n")) found.push({ story, otp, ours });
  }
  return found;
}

function shorterStories(story: Story): readonly Story[] {
  const { first, steps } = story;
  return [
    ...steps.map((_, index) => ({ ...story, steps: steps.toSpliced(index, 1) })),
    ...(first.length > 1 ? first.map((_, index) => without(story, index)) : []),
    ...steps.flatMap((step, index) =>
      step.do === "ends" && step.ends.length > 1
        ? step.ends.map((_, at) => {
            const ends = step.ends.toSpliced(at, 1);
            return { ...story, steps: steps.with(index, { ...step, ends }) };
          })
        : [],
    ),
  ];
}

function without(story: Story, index: number): Story {
  return { ...story, first: story.first.toSpliced(index, 1) };
}

/** What is compared: the lines of each step, without the starts in vain where several ended in one moment. */
function translated({ steps }: Story, lines: readonly string[]): readonly string[] {
  let told = -1;
  let step: string[] = [];
  const compared: string[] = [];
  for (const [index, line] of lines.entries()) {
    step.push(line);
    if (!line.startsWith("state") && index < lines.length - 1) continue;
    const now = steps[told];
    const isMoment = now?.do === "ends" && now.ends.length > 1;
    compared.push(...(isMoment ? withoutVain(step) : step));
    told += 1;
    step = [];
  }
  return compared;
}

/**
 * Leave out the starts that came to nothing, and the ends of what they started. OTP does not read the
 * second end before it has started all that the first one asks for; here the second end takes the
 * restart over, or calls it off.
 */
function withoutVain(lines: readonly string[]): readonly string[] {
  const gaveUp = lines.some((line) => line.startsWith("exit"));
  const inVain = new Set<string>();
  return lines.filter((line, index) => {
    const [what, id = ""] = line.split(" ");
    if (what === "end") return !(inVain.delete(id) && line.endsWith("shutdown"));
    if (what !== "start") return !(gaveUp && (what === "fail" || what === "ignore"));
    const isVain = gaveUp || lines.indexOf(line, index + 1) > 0;
    if (isVain) inVain.add(id);
    return !isVain;
  });
}
