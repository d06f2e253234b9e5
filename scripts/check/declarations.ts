/*
 * Reads declaration files without a compiler: TypeScript 7 has no API, and what tsc writes into a
 * .d.ts is regular enough.
 */

/** A re-export: what it is called here, and where it comes from. */
export interface Reexport {
  readonly name: string;
  /** Its name over there; `*` stands for every name. */
  readonly from: string;
  readonly module: string;
}

/** Cut a declaration file into its top-level statements, each with the comment above it. */
export function statementsOf(text: string): readonly string[] {
  const statements: string[] = [];
  let start = 0;
  let depth = 0;
  for (const { index, token } of tokensOf(text)) {
    if ("{([".includes(token)) depth += 1;
    if ("})]".includes(token)) depth -= 1;
    const end = index + token.length;
    const isEnd = token === ";" || (token === "}" && endsWithBrace(text.slice(start, end)));
    if (depth !== 0 || !isEnd) continue;
    statements.push(text.slice(start, end).trim());
    start = end;
  }
  return statements.filter((statement) => statement !== ";");
}

/** List what a statement exports under its own name. */
export function exportedNames(statement: string): readonly string[] {
  const code = withoutComments(statement);
  const declared =
    /^export (?:declare )?(?:default )?(?:abstract )?(?:async )?(?:const|let|var|function|class|interface|type|enum|namespace) ([\w$]+)/.exec(
      code,
    );
  return declared?.[1] === undefined ? [] : [declared[1]];
}

/** List what a statement exports from elsewhere. */
export function reexports(statement: string): readonly Reexport[] {
  const code = withoutComments(statement);
  const module = /from ["']([^"']+)["']/.exec(code)?.[1];
  if (!code.startsWith("export") || module === undefined) return [];
  if (/^export (?:type )?\*/.test(code)) return [{ name: "*", from: "*", module }];
  const names = /\{([^}]*)\}/.exec(code)?.[1] ?? "";
  return names
    .split(",")
    .map((name) => name.trim().replace(/^type /, ""))
    .filter((name) => name !== "")
    .map((name) => {
      const [from = name, as = from] = name.split(" as ");
      return { name: as, from, module };
    });
}

interface Token {
  readonly index: number;
  readonly token: string;
}

/** Brackets and semicolons that stand outside of comments and strings. */
function* tokensOf(text: string): Generator<Token> {
  const interesting =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[{}()[\];]/g;
  for (const { 0: token, index } of text.matchAll(interesting)) {
    if (token.length === 1) yield { index, token };
  }
}

function endsWithBrace(statement: string): boolean {
  return /^(?:export )?(?:declare )?(?:default )?(?:abstract )?(?:class|interface|enum|namespace) /.test(
    withoutComments(statement),
  );
}

function withoutComments(statement: string): string {
  return statement.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*/gm, "").trim();
}
