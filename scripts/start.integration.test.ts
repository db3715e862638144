import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startShow } from './start-process.ts';
import type { Show } from './start-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-start-'));
after(() => rm(folder, { recursive: true }));

/** The quick one: the TypeScript example. */
const withoutPython = { GLEANER_PYTHON: join(folder, 'no-python') };

interface Moment {
  name: string;
  isReached: (show: Show) => boolean | Promise<boolean>;
  signal: NodeJS.Signals;
  receiver: 'group' | 'npm';
}

const says = (text: string) => (show: Show) => show.output().includes(text);

/** Some, but not all of the 300 records are accepted. */
async function isUnderLoad(show: Show): Promise<boolean> {
  const [, port] = /--admin-port (\d+)/.exec(show.output()) ?? [];
  const response = port && (await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined));
  if (!response) return false;
  const { collections } = (await response.json()) as { collections: Record<string, { accepted: number }> };
  return Object.values(collections).some(({ accepted }) => accepted > 0);
}

const moments: Moment[] = [
  { name: 'at once', isReached: says('start.mjs'), signal: 'SIGINT', receiver: 'group' },
  {
    name: 'while the server starts',
    isReached: says('$ npx gleaner run'),
    signal: 'SIGINT',
    receiver: 'group',
  },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGINT', receiver: 'group' },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGTERM', receiver: 'npm' },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGHUP', receiver: 'group' },
  { name: 'under load', isReached: isUnderLoad, signal: 'SIGHUP', receiver: 'npm' },
  { name: 'in the drain', isReached: says('150 answers'), signal: 'SIGTERM', receiver: 'group' },
  {
    name: 'while the result is shown',
    isReached: says('$ npx gleaner data'),
    signal: 'SIGINT',
    receiver: 'group',
  },
];

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

/** What `gleaner run` said at its end; nothing if it was stopped before it took anything. */
function acceptedBy(show: Show): number {
  return Number(/^gleaner: (\d+) records accepted, all in /m.exec(show.output())?.[1] ?? 0);
}

describe('npm start', { concurrency: 2 }, () => {
  it('leaves no process behind and loses nothing, whenever it is interrupted', async () => {
    const data = join(folder, 'interrupted');
    let accepted = 0;
    for (const { name, isReached, signal, receiver } of moments) {
      const show = startShow(data, withoutPython);
      await show.until(() => isReached(show));
      show.signal(signal, receiver);
      const code = await show.ended;
      const what = `${signal} to ${receiver} ${name}: ${show.output()}`;
      assert.notEqual(code, 0, what);
      // npm may end before those it has told to.
      for (let i = 0; i < 100 && (await show.survivors()).length > 0; i++) await sleep(50);
      assert.deepEqual(await show.survivors(), [], what);
      assert.doesNotMatch(show.output(), /^\s+at /m);
      accepted += acceptedBy(show);
    }
    assert.ok(accepted > 300, `${accepted} records of interrupted runs`);

    const show = startShow(data, withoutPython);
    assert.equal(await show.ended, 0, show.output());
    const all = accepted + 300;
    assert.equal(lastLine(show.output()), `accepted ${all} · stored ${all} · missing 0 · duplicate 0`);
  });

  it('shows what was collected from the Python example, or says why not', async () => {
    const show = startShow(join(folder, 'python'));
    assert.equal(await show.ended, 0, show.output());
    const output = show.output();
    assert.match(output, /examples\/iris\/score\.py on |The Python example cannot run here: /);
    const order = ['gleaner run', 'data ls', '.jsonl', '.manifest.json', 'data head', 'CORRELATION ID'];
    const places = [...order, 'data join', 'row_id', '_0 ', 'data verify'].map((text) =>
      output.indexOf(text),
    );
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      output,
    );
    assert.ok(!places.includes(-1), output);
    assert.equal(lastLine(output), 'accepted 300 · stored 300 · missing 0 · duplicate 0');
    assert.deepEqual(await show.survivors(), []);
  });

  it('runs the TypeScript example where there is no Python', async () => {
    const show = startShow(join(folder, 'no-python-data'), withoutPython);
    assert.equal(await show.ended, 0, show.output());
    assert.match(
      show.output(),
      /^The Python example cannot run here: no Python 3\.9 or newer \(tried .*\): install/m,
    );
    assert.match(show.output(), /examples\/iris-typescript\/score\.ts/);
    assert.equal(lastLine(show.output()), 'accepted 300 · stored 300 · missing 0 · duplicate 0');
  });

  it('runs the TypeScript example where the Python packages cannot be had', async () => {
    const python = join(folder, 'python-without-pip');
    const facts = '/python-without-pip\\n3\\n11\\n3.11.0\\n';
    await writeFile(
      python,
      `#!/bin/sh\n[ "$1" = -c ] && printf '${facts}' && exit\necho 'No module named pip' >&2\nexit 1\n`,
    );
    await chmod(python, 0o755);
    const show = startShow(join(folder, 'no-packages'), { GLEANER_PYTHON: python });
    assert.equal(await show.ended, 0, show.output());
    assert.match(
      show.output(),
      /^The Python example cannot run here: examples\/iris\/requirements\.txt could not be/m,
    );
    assert.equal(lastLine(show.output()), 'accepted 300 · stored 300 · missing 0 · duplicate 0');
  });
});
