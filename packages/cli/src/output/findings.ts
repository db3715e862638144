import type { Finding, OnFinding } from '@gleaner/insight';
import { visible } from './cells.ts';
import { styleFor } from './style.ts';

const maxShown = 20;

/** `error line_broken path:3 The line is no JSON object.` */
export function findingText(
  { severity, code, file, line, message }: Finding,
  stream: { isTTY?: boolean },
): string {
  const style = styleFor(stream);
  const label = severity === 'error' ? style.red('error') : style.dim('note');
  const place = line === undefined ? file : `${file}:${line}`;
  return `${label}  ${code}  ${visible(place)}  ${visible(message)}\n`;
}

/** What a reader finds on its way goes to standard error when this is disposed of, below the data; the first 20 of it. */
export function openFindings(): Disposable & { onFinding: OnFinding } {
  const shown: Finding[] = [];
  let count = 0;
  return {
    onFinding(finding) {
      if (count++ < maxShown) shown.push(finding);
    },
    [Symbol.dispose]() {
      for (const finding of shown) process.stderr.write(findingText(finding, process.stderr));
      if (count > maxShown) process.stderr.write(`… and ${count - maxShown} more\n`);
    },
  };
}
