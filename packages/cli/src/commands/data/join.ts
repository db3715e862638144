import { joinRows } from '@gleaner/insight';
import { openFindings } from '../../output/findings.ts';
import type { RowsOptions } from './data.ts';
import { openCollection } from './open-data.ts';
import { printLimited, rowsOf } from './rows.ts';

export async function printJoin(
  addresses: { inputs: string; outputs: string },
  options: RowsOptions,
): Promise<void> {
  await using inputs = await openCollection(addresses.inputs, options);
  await using outputs = await openCollection(addresses.outputs, options);
  using findings = openFindings();
  const rows = joinRows(
    { name: inputs.name, rows: rowsOf(inputs, options, findings.onFinding) },
    { name: outputs.name, rows: rowsOf(outputs, options, findings.onFinding) },
  );
  await printLimited(rows, options);
}
