/** Control characters, and marks that turn the direction of text around. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Marks of that kind, and line ends, that `JSON.stringify` leaves as they are. */
const steeringJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Make text of unknown origin harmless: one line, and nothing in it that steers a terminal. */
export function printable(text: string): string {
  return text.replace(/\s+/g, " ").replace(steering, "?");
}

/** Make text of unknown origin harmless and keep its lines and its indentation. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) =>
      line
        .replaceAll("\t", "    ")
        .replace(/[\u2028\u2029]/g, " ")
        .replace(steering, "?"),
    )
    .join("\n");
}

/** Write a value as JSON that is harmless at a terminal as well; reading it gives the same value. */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? "";
  return text.replace(
    steeringJson,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
