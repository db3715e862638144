import { problem } from './halt.ts';
import type { Problem, ProblemCode } from './halt.ts';

/** A start line (empty for trailers), field lines, an empty line, each ended by CR LF: RFC 9112, sections 2 to 5. */
export interface Block {
  readonly whole: RegExp;
  readonly startLine: RegExp;
  /** The same start line in a version we do not speak. */
  readonly otherVersion: RegExp;
  readonly malformed: ProblemCode;
  readonly tooLarge: ProblemCode;
}

/** As the source of an expression. */
export const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const value = '[\\t\\x20-\\x7e\\x80-\\xff]*';

export const requestBlock = block('head', (version) => `${token} [!-~\\x80-\\xff]+ ${version}`);
export const responseBlock = block('head', (version) => `${version} [1-9][0-9][0-9](?: ${value})?`);
export const trailerBlock = block('trailers', () => '');

/**
 * `/!\ Hot path`: one pass of a compiled expression, about 1 ns a byte. It never backtracks far, since each part ends at a
 * character it cannot hold. What is wrong is asked only once something is.
 */
export function checkBlock(text: string, kind: Block, lenient: boolean): Problem | undefined {
  return kind.whole.test(text) ? undefined : diagnose(text, kind, lenient);
}

function block(name: 'head' | 'trailers', startLine: (version: string) => string): Block {
  const ours = startLine('HTTP/1\\.[01]');
  return {
    whole: new RegExp(`^${ours}\\r\\n(?:${token}:${value}\\r\\n)*\\r\\n$`),
    startLine: new RegExp(`^${ours}$`),
    otherVersion: new RegExp(`^${startLine('HTTP/(?!1\\.[01]\\b)[0-9]+(?:\\.[0-9]+)?')}$`),
    malformed: `${name}_malformed`,
    tooLarge: `${name}_too_large`,
  };
}

const strayLineEnd = /\0|\r(?!\n)|(?<!\r)\n/;
export const strayMessage = 'A CR or LF stands alone, or there is a NUL';

/** `undefined` when all that is wrong is what lenient reading keeps. */
function diagnose(text: string, kind: Block, lenient: boolean): Problem | undefined {
  // First, because a block that comes in pieces is looked through for these before it is whole.
  if (strayLineEnd.test(text)) return problem('framing_ambiguous', strayMessage);
  const [startLine = '', ...lines] = text.slice(0, -4).split('\r\n');
  if (!kind.startLine.test(startLine)) {
    if (!kind.otherVersion.test(startLine)) return problem(kind.malformed, 'The start line is not HTTP');
    return problem('version_unsupported', 'Neither HTTP/1.0 nor HTTP/1.1');
  }
  for (const line of lines) {
    const found = diagnoseField(line, kind, lenient);
    if (found !== undefined) return found;
  }
  return undefined;
}

const strictName = new RegExp(`^${token}$`);
const strictValue = new RegExp(`^${value}$`);
const lenientName = /^[!-~\x80-\xff][\t\x20-\x7e\x80-\xff]*$/;

function diagnoseField(line: string, kind: Block, lenient: boolean): Problem | undefined {
  if (/^[\t ]/.test(line)) return problem('framing_ambiguous', 'A field is folded over two lines');
  const colon = line.indexOf(':');
  if (colon < 1) return problem(kind.malformed, 'A field has no name');
  const name = line.slice(0, colon);
  const quoted = JSON.stringify(name.slice(0, 40));
  if (!strictName.test(name)) {
    if (looksLikeFraming(name)) return problem('framing_ambiguous', `The field name ${quoted} is disguised`);
    if (!lenient || !lenientName.test(name)) {
      return problem(kind.malformed, `The field name ${quoted} holds what a name may not`);
    }
  }
  if (!lenient && !strictValue.test(line.slice(colon + 1))) {
    return problem(kind.malformed, `The value of ${quoted} holds a control character`);
  }
  return undefined;
}

/** `Content-Length `, `Transfer\tEncoding`: what another parser may trim or mend into a field that frames. */
function looksLikeFraming(name: string): boolean {
  const letters = name.replace(/[^A-Za-z]/g, '').toLowerCase();
  return letters === 'contentlength' || letters === 'transferencoding';
}
