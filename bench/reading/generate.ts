/** Collected data of a busy day, the same on every run: two collections whose rows share their ids. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';

import { windowFolder } from '@gleaner/protocol';
import { seededRandom } from '@gleaner/testkit';

/** Where the collections lie below the folder. */
export const deployment = 'modelDataCollector/iris/blue';

const dayStart = Date.UTC(2026, 2, 4) / 1000;
const hours = 24;
const instance = '4fda2efaa7364394a89c37989af9db93000000';
const source =
  '/subscriptions/0c8d3a1e-5b1f-4c61-9f5e-0d8a6d0b7c11/resourceGroups/prod/providers/Microsoft.MachineLearningServices' +
  '/workspaces/ml/onlineEndpoints/iris/deployments/blue';

export interface GeneratedDay {
  bytes: number;
  /** Of a record in the middle of the day. */
  correlationId: string;
}

/** Writes `rows` rows into each collection, one a record, spread over 24 hours. */
export async function generateDay(folder: string, rows: number): Promise<GeneratedDay> {
  const random = seededRandom(8);
  let bytes = 0;
  let correlationId = '';
  for (let hour = 0; hour < hours; hour++) {
    const hourStart = dayStart + hour * 3600;
    const first = Math.floor((rows * hour) / hours);
    const end = Math.floor((rows * (hour + 1)) / hours);
    const inputs = await openFile(folder, 'model_inputs', hourStart);
    const outputs = await openFile(folder, 'model_outputs', hourStart);
    for (let n = first; n < end; n++) {
      const time = new Date((hourStart + Math.floor(((n - first) * 3600) / (end - first))) * 1000)
        .toISOString()
        .replace('.000Z', 'Z');
      const id = `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`;
      if (n === rows >> 1) correlationId = id;
      bytes += await inputs.write(line({ collection: 'model_inputs', id, time, data: inputRow(random, n) }));
      bytes += await outputs.write(line({ collection: 'model_outputs', id, time, data: outputRow(random) }));
    }
    await inputs.end();
    await outputs.end();
  }
  return { bytes, correlationId };
}

interface DataFile {
  write(text: string): Promise<number>;
  end(): Promise<void>;
}

async function openFile(folder: string, collection: string, hourStart: number): Promise<DataFile> {
  const window = join(folder, deployment, collection, windowFolder(hourStart, 'hour'));
  await mkdir(window, { recursive: true });
  const stream = createWriteStream(join(window, `${instance}.jsonl`), { highWaterMark: 1024 * 1024 });
  return {
    async write(text) {
      if (!stream.write(text)) await once(stream, 'drain');
      return Buffer.byteLength(text);
    },
    async end() {
      stream.end();
      await finished(stream);
    },
  };
}

interface Line {
  collection: string;
  id: string;
  time: string;
  data: string;
}

function line({ collection, id, time, data }: Line): string {
  const event = `${collection === 'model_inputs' ? '1' : '2'}${id.slice(1)}`;
  return (
    `{"specversion":"1.0","id":"${event}","source":"${source}","type":"azureml.inference.${collection}",` +
    `"datacontenttype":"application/json","time":"${time}","data":[${data}],` +
    `"contentrange":"bytes 0-${data.length + 1}/${data.length + 2}","correlationid":"${id}","xrequestid":"${id}",` +
    `"modelversion":"default","collectdatatype":"pandas.core.frame.DataFrame","agent":"azureml-ai-monitoring/1.0.0"}\n`
  );
}

function inputRow(random: () => number, n: number): string {
  return (
    `{"sepal_length":${decimal(random)},"sepal_width":${decimal(random)},"petal_length":${decimal(random)},` +
    `"petal_width":${decimal(random)},"visits":${n % 97},"region":"${regions[n % regions.length]}","returning":${n % 3 === 0}}`
  );
}

function outputRow(random: () => number): string {
  return `{"species":"${species[Math.floor(random() * species.length)]}","score":${random().toFixed(10)}}`;
}

const regions = ['north', 'east', 'south', 'west'];
const species = ['setosa', 'versicolor', 'virginica'];

function decimal(random: () => number): string {
  return (random() * 10).toFixed(6);
}

function hex(random: () => number, digits: number): string {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random() * 0x10000)
      .toString(16)
      .padStart(4, '0');
  return text.slice(0, digits);
}
