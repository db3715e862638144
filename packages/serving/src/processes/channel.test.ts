import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';

import type { Runtime } from '@gleaner/workspace/api';

import { connectRuntime, serveCall } from './channel.ts';
import type { ToRoot } from './channel.ts';
import { RuntimeError } from './failure.ts';
import { planOf } from './testing/served.ts';

describe('connectRuntime', () => {
  it('calls the methods of the other side, and gives back what they say', async () => {
    const { runtime, calls } = connected({ logs: async () => 'two lines' });
    const deployment = { endpoint: 'iris', deployment: 'blue' };
    const options = { container: 'inference-server', lines: 2 } as const;
    await runtime.apply(planOf('/data'));
    await runtime.remove(deployment);
    await runtime.route([]);
    assert.equal(await runtime.logs(deployment, options), 'two lines');
    assert.deepEqual(await runtime.status(), []);
    assert.deepEqual(calls, ['apply', 'remove', 'route', 'logs', 'status']);
  });

  it('rejects with the failure of the other side, but keeps a bug there', async () => {
    const failure = { code: 'program_failed', message: 'It ended.', log: 'no such model' };
    const apply = async (): Promise<void> => {
      throw new RuntimeError(failure);
    };
    const failing = connected({ apply });
    await assert.rejects(failing.runtime.apply(planOf('/data')), failure);

    const buggy = connected({ status: () => Promise.reject(new TypeError('secret of the inside')) });
    await assert.rejects(buggy.runtime.status(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'internal_error');
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
    assert.equal(buggy.bugs.length, 1);
  });

  it('rejects when the other side is gone', async () => {
    const channel = Object.assign(new EventEmitter(), {
      send: (_: ToRoot, onSent: (error: Error | null) => void) => {
        onSent(new Error('closed'));
        return false;
      },
    });
    await assert.rejects(connectRuntime(channel).status(), { code: 'channel_closed' });
  });
});

function connected(methods: Partial<Runtime>): { runtime: Runtime; calls: string[]; bugs: unknown[] } {
  const calls: string[] = [];
  const bugs: unknown[] = [];
  const served: Runtime = {
    apply: async () => undefined,
    remove: async () => undefined,
    route: async () => undefined,
    logs: async () => '',
    status: async () => [],
    ...methods,
  };
  const channel = new EventEmitter();
  const send = (message: unknown): void => {
    // As over a channel: nothing but JSON arrives.
    channel.emit('message', JSON.parse(JSON.stringify(message)));
  };
  const onCall = (message: ToRoot, onSent: (error: Error | null) => void): boolean => {
    onSent(null);
    if (message.kind !== 'call') return true;
    calls.push(message.method);
    void serveCall(message, { runtime: served, send, onBug: (error) => bugs.push(error) });
    return true;
  };
  return { runtime: connectRuntime(Object.assign(channel, { send: onCall })), calls, bugs };
}
