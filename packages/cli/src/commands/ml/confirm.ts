import { createInterface } from 'node:readline/promises';
import { usageError } from '../../output/failure.ts';

/** Asks on a terminal; true for `y`. Elsewhere `--yes` is needed. Error: `usage_invalid`. */
export async function confirm(question: string, { yes }: { yes?: true }): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw usageError('Unable to prompt for confirmation as no tty available.', 'Use --yes.');
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} (y/n): `)).trim());
  } finally {
    lines.close();
  }
}
