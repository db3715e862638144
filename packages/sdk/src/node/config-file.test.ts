import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { writeMdcConfig } from '@gleaner/protocol';

import type { CollectorError } from '../core/errors.ts';
import { ConfigFile } from './config-file.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-sdk-'));
after(() => rm(folder, { recursive: true }));
let files = 0;

/** A file with its reader, in a time that passes when told to. */
async function configFile(text: string) {
  const path = join(folder, `mdc-config-${files++}.json`);
  await writeFile(path, text);
  const warnings: CollectorError[] = [];
  let now = 0;
  const file = new ConfigFile(path, { now: () => now, warn: (error) => warnings.push(error) });
  return {
    path,
    file,
    warnings,
    /** Lets a second pass and somebody ask, which starts a look at the file. */
    later() {
      now += 1000;
      file.current();
    },
    rate: () => file.current().samplingRate('model_inputs'),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(1);
}

const config = (...collections: [name: string, samplingRate: number][]) =>
  writeMdcConfig({
    collections: collections.map(([name, samplingRate]) => ({ name, samplingRate, enabled: true })),
  });
const invalid = (message: RegExp) => ({ code: 'config_invalid', message });

describe('ConfigFile', () => {
  it('collects nothing before it is read', async () => {
    const { file } = await configFile(config(['model_inputs', 0.5]));
    assert.equal(file.current().customLogging, false);
    assert.equal(file.reload().customLogging, true);
    assert.equal(file.current().samplingRate('model_inputs'), 0.5);
    assert.equal(file.current().samplingRate('model_outputs'), undefined);
  });

  it('follows the file, whether it is written anew or replaced', async () => {
    const { file, path, later, rate, warnings } = await configFile(config(['model_inputs', 1]));
    file.reload();
    await writeFile(path, config(['model_inputs', 0.25]));
    later();
    await until(() => rate() === 0.25);
    await writeFile(`${path}.new`, config(['model_inputs', 0.75]));
    await rename(`${path}.new`, path);
    later();
    await until(() => rate() === 0.75);
    assert.deepEqual(warnings, []);
  });

  it('looks at the file once a second at most', async () => {
    const { file, path, later, rate } = await configFile(config(['model_inputs', 1]));
    file.reload();
    later();
    await setTimeout(20);
    await writeFile(path, config(['model_inputs', 0]));
    assert.equal(rate(), 1);
    await setTimeout(20);
    assert.equal(rate(), 1);
    later();
    await until(() => rate() === 0);
  });

  it('keeps the policy and warns once when the file is broken or gone', async () => {
    const { file, path, later, rate, warnings } = await configFile(config(['model_inputs', 1]));
    file.reload();
    await writeFile(path, '{"collections":');
    later();
    await until(() => warnings.length === 1);
    later();
    await setTimeout(20);
    assert.equal(warnings.length, 1);
    assert.equal(rate(), 1);
    await rm(path);
    later();
    await until(() => warnings.length === 2);
    assert.match(warnings[1]?.message ?? '', /mdc-config-\d+\.json cannot be read: ENOENT/);
    assert.equal(rate(), 1);
    await writeFile(path, config(['model_inputs', 0]));
    later();
    await until(() => rate() === 0);
  });

  it('throws from reload when the file is missing or broken', async () => {
    const { file, path } = await configFile('[]');
    assert.throws(() => file.reload(), invalid(/the file is \[\]; expected an object/));
    await rm(path);
    assert.throws(() => file.reload(), invalid(/ENOENT/));
  });
});
