import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { catchSignals } from './run-signals.ts';

describe('catchSignals', () => {
  it('delivers to the receiver named last, and to nobody when it is disposed of', () => {
    const [first, second]: NodeJS.Signals[][] = [[], []];
    const listeners = process.listenerCount('SIGHUP');
    {
      using signals = catchSignals();
      signals.deliverTo((signal) => first?.push(signal));
      process.emit('SIGHUP', 'SIGHUP');
      signals.deliverTo((signal) => second?.push(signal));
      process.emit('SIGQUIT', 'SIGQUIT');
    }
    assert.deepEqual([first, second], [['SIGHUP'], ['SIGQUIT']]);
    assert.equal(process.listenerCount('SIGHUP'), listeners);
  });

  it('takes a signal that comes twice at the same time for one', async () => {
    const received: NodeJS.Signals[] = [];
    using signals = catchSignals();
    signals.deliverTo((signal) => received.push(signal));
    process.emit('SIGHUP', 'SIGHUP');
    process.emit('SIGHUP', 'SIGHUP');
    await sleep(150);
    process.emit('SIGHUP', 'SIGHUP');
    assert.deepEqual(received, ['SIGHUP', 'SIGHUP']);
  });
});
