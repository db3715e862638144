import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import type { TestEvent } from 'node:test/reporters';
import { repository } from './repository.ts';
import type { Outcome, Step } from './steps.ts';

export const unitTests = testStep('unit', (path) => !isIntegration(path));
export const integrationTests = testStep('integration', isIntegration);

function isIntegration(path: string): boolean {
  return path.endsWith('.integration.test.ts');
}

function testStep(name: string, isChosen: (path: string) => boolean): Step {
  const exclude = ['**/node_modules/**'];
  return {
    name,
    run: async (signal) => {
      const found = glob('{packages,scripts,bench}/**/*.test.ts', { cwd: repository, exclude });
      return runTestFiles((await Array.fromAsync(found)).filter(isChosen).sort(), signal);
    },
  };
}

async function runTestFiles(files: string[], signal: AbortSignal): Promise<Outcome> {
  if (files.length === 0) return { kind: 'failed', output: 'found no test file' };
  const stream = run({ files, cwd: repository, concurrency: availableParallelism(), signal });
  const events: TestEvent[] = await Array.fromAsync(stream);
  const failedFiles = new Set(
    events.map((event) => (event.type === 'test:fail' ? event.data.file : undefined)),
  );
  failedFiles.delete(undefined);
  if (failedFiles.size > 0) {
    // Failures with what their files wrote, without the tests that passed.
    const about = events.filter((event) => isFrom(event, failedFiles) && event.type !== 'test:pass');
    return { kind: 'failed', output: await text(Readable.from(about).compose(spec)) };
  }
  const results = events.filter((event) => event.type === 'test:pass').map((event) => event.data);
  const passed = results.filter(({ details, skip }) => details.type !== 'suite' && skip === undefined);
  const skipped = results
    .filter(({ skip }) => skip !== undefined)
    .map(({ file = '', name, skip }) => `${relative(repository, file)}: ${name} (${skip})`);
  return { kind: 'passed', note: `${passed.length} tests in ${files.length} files`, skipped };
}

function isFrom({ data }: TestEvent, files: ReadonlySet<string | undefined>): boolean {
  return data !== undefined && 'file' in data && files.has(data.file);
}
