/** A fenced block of a page. Behind the language may stand the name of a file: ```` ```yaml collector.yml ````. */
export interface Fence {
  /** Empty for a block without one. */
  language: string;
  file: string | undefined;
  text: string;
  /** Of its first line within the page, from 1. */
  line: number;
}

/** The fenced blocks of a Markdown text, in order. Throws when one is not closed. */
export function readFences(markdown: string): Fence[] {
  const fences: Fence[] = [];
  let open: (Fence & { lines: string[] }) | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const info = /^```(.*)$/.exec(line)?.[1]?.trim();
    if (info === undefined) open?.lines.push(line);
    else if (open === undefined) {
      const [language = '', file] = info.split(/ +/);
      open = { language, file, text: '', line: index + 2, lines: [] };
    } else {
      const { lines, ...fence } = open;
      fences.push({ ...fence, text: lines.map((one) => `${one}\n`).join('') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`The block that begins in line ${open.line} is not closed.`);
  return fences;
}

/**
 * Whether a command printed what its page shows. `…` stands for anything within a line, and on a line of its own for any lines;
 * how many blanks stand between words does not matter.
 */
export function isShown(shown: string, printed: string): boolean {
  const pattern = tidy(shown)
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\n)*' : `${line.split('…').map(escaped).join('.*')}\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(`${tidy(printed)}\n`);
}

/** The text as a regular expression that matches it alone. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function tidy(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/[ \t]+/g, ' ').trim())
    .join('\n')
    .trim();
}
