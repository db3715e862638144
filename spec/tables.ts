/** Reads the tables of a page, so that tests can hold them to the code. */

/** The cells of the rows below `## <heading>`, heads and rule left out. Throws when there is no such table. */
export function tableBelow(page: string, heading: string): string[][] {
  const [, section] = page.split(new RegExp(`^#+ ${escaped(heading)}$`, 'm'));
  const rows = section
    ?.split(/^#+ /m, 1)[0]
    ?.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
  if (rows === undefined || rows.length < 3) throw new Error(`The page has no table below "${heading}".`);
  return rows.slice(2);
}

/** The words in backquotes of a cell. */
export function codesIn(cell: string | undefined): string[] {
  return Array.from((cell ?? '').matchAll(/`([^`]+)`/g), ([, code = '']) => code);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
