import { LineCounter, parseDocument } from 'yaml';
import type { ErrorCode } from 'yaml';
import type { Field } from './fields.ts';
import { createReport } from './report.ts';
import type { Report } from './report.ts';
import { buildTree } from './yaml-tree.ts';
import { pythonType } from './yaml-value.ts';
import type { Position, YamlValue } from './yaml-value.ts';

/** No deployment file comes near; what is larger is another file, or an attack. */
export const maxYamlBytes = 1024 * 1024;
const maxSyntaxProblems = 20;

/**
 * Parses a YAML file whose root is a map. What keeps it from being read at all (its size, encoding or syntax, keys that
 * come twice, aliases that explode) is reported, and then there is no `root`.
 *
 * @param source text, or bytes of UTF-8 with or without a byte order mark; at most 1 MiB
 */
export function openYaml(source: string | Uint8Array): { root?: Field; report: Report } {
  const report = createReport();
  const start = { path: '', line: 1, column: 1 };
  const value = parseYaml(source, (at, message) => report.problem({ ...start, ...at }, message));
  if (value === undefined || report.problemCount > 0) return { report };
  if (value.kind === 'map') return { root: { ...start, key: start, value }, report };
  const empty = value.kind === 'null';
  report.problem(
    start,
    empty ? 'Target yaml file is empty' : `Expect dict but get ${pythonType(value)} after parsing yaml file`,
  );
  return { report };
}

/** Instead of what the parser says to programmers. */
const ownWords: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'expected a single document in the stream',
  RESOURCE_EXHAUSTION: 'Values are nested too deep.',
};

type OnProblem = (at: Position | undefined, message: string) => void;

function parseYaml(source: string | Uint8Array, onProblem: OnProblem): YamlValue | undefined {
  const text = decode(source, onProblem);
  if (text === undefined) return undefined;
  const lineCounter = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  // The failsafe schema leaves scalars as they are written: the tree gives them the meaning that the original gives them.
  // Keys that come twice are looked for there too, as the parser's own check takes quadratic time.
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  for (const { code, pos, message } of document.errors.slice(0, maxSyntaxProblems)) {
    onProblem(positionAt(pos[0]), ownWords[code] ?? message);
  }
  return document.errors.length > 0 ? undefined : buildTree(document.contents, { positionAt, onProblem });
}

function decode(source: string | Uint8Array, onProblem: OnProblem): string | undefined {
  if (source.length > maxYamlBytes) {
    onProblem(undefined, `The file is too large (${source.length}); the limit is ${maxYamlBytes} bytes.`);
    return undefined;
  }
  const text = typeof source === 'string' ? source.replace(/^\u{feff}/u, '') : decodeUtf8(source);
  if (text === undefined) {
    onProblem(undefined, 'The file is not UTF-8 text: save it as UTF-8.');
    return undefined;
  }
  const forbidden = /[^\t\n\r\x20-\x7e\u{85}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.exec(
    text,
  );
  if (forbidden === null) return text;
  const code = (forbidden[0].codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  const lines = text.slice(0, forbidden.index).split('\n');
  onProblem(
    { line: lines.length, column: (lines.at(-1) ?? '').length + 1 },
    `unacceptable character #x${code}: special characters are not allowed`,
  );
  return undefined;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
