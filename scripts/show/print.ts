import pc from 'picocolors';

/** Prints a command of ours as one would type it in the repository. */
export function printCommand(words: readonly string[]): void {
  console.log(pc.dim(`$ npx ${words.join(' ')}`));
}
