import { joinLabels, joinRows, readLabelFile, readLabelRows } from '@gleaner/insight';
import type { Labels, OnFinding, Row } from '@gleaner/insight';
import { openFindings } from '../../output/findings.ts';
import type { JoinOptions } from './data.ts';
import { labelFile } from './label-place.ts';
import { openCollection } from './open-data.ts';
import { printLimited, rowsOf } from './rows.ts';

export async function printJoin(
  addresses: { inputs: string; outputs: string },
  options: JoinOptions,
): Promise<void> {
  await using inputs = await openCollection(addresses.inputs, options);
  await using outputs = await openCollection(addresses.outputs, options);
  using findings = openFindings();
  const { onFinding } = findings;
  const rows = joinRows(
    { name: inputs.name, rows: rowsOf(inputs, options, onFinding) },
    { name: outputs.name, rows: rowsOf(outputs, options, onFinding) },
  );
  if (options.labels === undefined) return printLimited(rows, options);
  const labels = await openLabels(options.labels, options, onFinding);
  await printLimited(labelled(rows, labels), options);
}

/** A file of labels is read whole; of a collection all hours, for labels come later than what they are about. */
async function openLabels(place: string, options: JoinOptions, onFinding: OnFinding): Promise<Labels> {
  const path = await labelFile(place);
  if (path !== undefined) return readLabelFile(path, { on: options.on });
  await using collection = await openCollection(place, options);
  const { from: _, to: __, ...always } = options;
  const { name } = collection;
  return readLabelRows({ name, rows: rowsOf(collection, always, onFinding) }, options.on);
}

/** Says at the end how many rows have no label. */
async function* labelled(rows: AsyncIterable<Row>, labels: Labels): AsyncGenerator<Row> {
  let unlabelled = 0;
  yield* joinLabels({ name: 'joined', rows }, labels, () => unlabelled++);
  if (unlabelled > 0) process.stderr.write(`Rows without a label, left out: ${unlabelled}.\n`);
}
