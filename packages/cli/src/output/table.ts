import Table from 'cli-table3';
import { styleFor } from './style.ts';

/** Columns under their heads, without borders. Columns of numbers stand on the right. */
export function renderTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const style = styleFor(process.stdout);
  const table = new Table({
    head: heads.map((head) => style.bold(head)),
    colAligns: heads.map((_, column) => (rows.every((row) => isNumber(row[column])) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2, compact: true },
    chars: borderless,
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split('\n');
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function isNumber(text: string | undefined): boolean {
  return text === undefined || text === '' || /^-?\d[\d.eE+-]*$/.test(text);
}

const borders =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right ' +
  'left left-mid mid mid-mid right right-mid middle';
const borderless = Object.fromEntries(borders.split(' ').map((border) => [border, '']));
