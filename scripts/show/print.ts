import pc from 'picocolors';

const maxColumns = 96;

/** Prints a command of ours as one would type it in the repository; a long one in several lines. */
export function printCommand(words: readonly string[]): void {
  const [first = '', ...rest] = withValues(words);
  const lines = [`$ npx ${first}`];
  for (const word of rest) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > maxColumns) lines.push(`    ${word}`);
    else lines[lines.length - 1] = line;
  }
  console.log(pc.dim(lines.join(' \\\n')));
}

/** A flag stays with its value. */
function withValues(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    if (last !== undefined && /^--?[a-z]\S*$/.test(last) && !word.startsWith('-')) {
      joined[joined.length - 1] = `${last} ${word}`;
    } else joined.push(word);
  }
  return joined;
}

/** Shows on a terminal what is waited for, until it is disposed of. */
export function printWait(text: string): Disposable {
  if (!process.stdout.isTTY) return { [Symbol.dispose]() {} };
  process.stdout.write(pc.dim(`… ${text}`));
  return { [Symbol.dispose]: () => void process.stdout.write('\r\u001b[K') };
}
