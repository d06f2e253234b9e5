import { type Difference, differences, shortened } from "../test/supervisors/otp/difference.ts";
import { missing } from "../test/supervisors/otp/otp.ts";

/** How many stories one `erl` is told: it keeps them all in memory. */
const batch = 2_000;

/**
 * Tell random stories to supervisors of OTP and to ours. Prints the shortest form of up to three
 * differences and, as the last line, how many there are; sets the exit code by it.
 */
export async function simulateOtp(stories: number, seed: number): Promise<void> {
  const lack = await missing();
  if (lack !== undefined) {
    console.error(`Stories cannot be told to OTP: ${lack}`);
    process.exitCode = 1;
    return;
  }
  console.log(`${stories} stories, told to OTP and to ramure; --seed ${seed} tells them again`);
  const found: Difference[] = [];
  for (let told = 0; told < stories; told += batch) {
    found.push(...(await differences(Math.min(batch, stories - told), seed + told)));
  }
  for (const difference of found.slice(0, 3)) print(await shortened(difference));
  console.log(`${stories - found.length} passed, ${found.length} failed`);
  process.exitCode = found.length === 0 ? 0 : 1;
}

/** Print a story, and beside each other what OTP and ramure made of it. */
function print({ story, otp, ours }: Difference): void {
  const { first, steps, ...rules } = story;
  console.log(`\n${JSON.stringify(rules)}`);
  for (const child of first) console.log(`  child ${JSON.stringify(child)}`);
  for (const step of steps) console.log(`  step  ${JSON.stringify(step)}`);
  const width = Math.max("OTP".length, ...otp.map((line) => line.length));
  console.log(`\n    ${"OTP".padEnd(width)}    ramure`);
  for (let at = 0; at < Math.max(otp.length, ours.length); at += 1) {
    const [theirs = "", own = ""] = [otp[at], ours[at]];
    console.log(`${theirs === own ? "   " : "  !"} ${theirs.padEnd(width)}    ${own}`);
  }
}
