import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, relative } from 'node:path';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { repository } from './repository.ts';
import type { Outcome, Step } from './steps.ts';

export const unitTests = testStep('unit', (path) => !isIntegration(path));
export const integrationTests = testStep('integration', isIntegration);

/** A file that takes longer hangs. */
const fileTimeoutMs = 180_000;
const shownSlowest = 5;

function isIntegration(path: string): boolean {
  return path.endsWith('.integration.test.ts');
}

function testStep(name: string, isChosen: (path: string) => boolean): Step {
  const exclude = ['**/node_modules/**'];
  return {
    name,
    run: async (signal) => {
      const found = glob('{packages,scripts,spec}/**/*.test.ts', { cwd: repository, exclude });
      return runTestFiles((await Array.fromAsync(found)).filter(isChosen).sort(), signal);
    },
  };
}

async function runTestFiles(files: string[], signal: AbortSignal): Promise<Outcome> {
  if (files.length === 0) return { kind: 'failed', output: 'found no test file' };
  const stream = run({
    files,
    cwd: repository,
    concurrency: availableParallelism(),
    timeout: fileTimeoutMs,
    signal,
  });
  const events: TestEvent[] = await Array.fromAsync(stream);
  const failures = events.filter((event) => event.type === 'test:fail').map(failureText);
  if (failures.length > 0) return { kind: 'failed', output: failures.join('\n\n') };
  const results = events.filter((event) => event.type === 'test:pass').map((event) => event.data);
  const passed = results.filter(({ details, skip }) => details.type !== 'suite' && skip === undefined);
  const skipped = results
    .filter(({ skip }) => skip !== undefined)
    .map(({ file = '', name, skip }) => `${relative(repository, file)}: ${name} (${skip})`);
  const note = `${passed.length} tests in ${files.length} files; ${slowest(results)}`;
  return { kind: 'passed', note, skipped };
}

type Result = Extract<TestEvent, { type: 'test:pass' }>['data'];

/** Where the time goes, for whoever wants it back. */
function slowest(results: readonly Result[]): string {
  const seconds = new Map<string, number>();
  for (const { file = '', nesting, details } of results) {
    if (nesting === 0) seconds.set(file, (seconds.get(file) ?? 0) + details.duration_ms / 1000);
  }
  return [...seconds]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, shownSlowest)
    .map(
      ([file, taken]) =>
        `${basename(file).replace(/(\.integration)?\.test\.ts$/, '')} ${Math.round(taken)} s`,
    )
    .join(', ');
}

function failureText({ data }: Extract<TestEvent, { type: 'test:fail' }>): string {
  const { file = '', name, details } = data;
  const { cause } = details.error;
  const why =
    cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? details.error.message);
  return `${relative(repository, file)}: ${name}\n${why}`;
}
