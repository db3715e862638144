import { visible } from '../../output/cells.ts';
import { printItems, printObject } from '../../output/print.ts';
import { styleFor } from '../../output/style.ts';
import type { Target } from './target.ts';

type Entity = Record<string, unknown>;

/** Prints one resource; the table is a line for each value, below the keys that lead to it. */
export async function printEntity(entity: Entity, target: Target): Promise<void> {
  await printObject(entity, target, () => {
    const { bold } = styleFor(process.stdout);
    const rows = rowsOf(entity, '');
    const width = Math.max(0, ...rows.map(([key]) => key.length));
    return rows.map(([key, value]) => `${bold(key.padEnd(width))}  ${value}\n`).join('');
  });
}

/** Prints a list of resources; the table has the columns that are named. */
export async function printEntities(
  entities: readonly Entity[],
  columns: readonly string[],
  target: Target,
): Promise<void> {
  await printItems(
    entities,
    {
      json: (entity) => JSON.stringify(entity),
      columns: Object.fromEntries(
        columns.map((column) => [column.toUpperCase(), (entity: Entity) => cell(entity[column])]),
      ),
    },
    target,
  );
}

function rowsOf(value: unknown, path: string): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, cell(value)]];
  return Object.entries(value).flatMap(([key, child]) => rowsOf(child, path === '' ? key : `${path}.${key}`));
}

/** Ids are told below their workspace: whole, they would hide everything else. */
const workspacePart =
  /^(?:azureml:)?\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.MachineLearningServices\/workspaces\/[^/]+(?=\/)/i;

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  return visible(typeof value === 'string' ? value.replace(workspacePart, '…') : JSON.stringify(value));
}
