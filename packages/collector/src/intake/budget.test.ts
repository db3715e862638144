import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Budget } from './budget.ts';
import type { Turn } from './budget.ts';

function waiting(budget: Budget, bytes: number, granted: string[]): Turn {
  const turn = budget.ask(bytes);
  turn.onGranted = () => granted.push(`${bytes}`);
  return turn;
}

describe('Budget', () => {
  it('gives turns in the order they were asked for, and counts nobody who waits', () => {
    const budget = new Budget(10);
    const granted: string[] = [];
    const first = budget.ask(8);
    const turns = [4, 5, 6, 7].map((bytes) => waiting(budget, bytes, granted));
    assert.deepEqual(
      [first.isGranted, ...turns.map((turn) => turn.isGranted)],
      [true, false, false, false, false],
    );
    budget.giveBack(first);
    assert.deepEqual(granted, ['4', '5']);
    for (const turn of turns) budget.giveBack(turn);
    assert.deepEqual(granted, ['4', '5', '6', '7']);
    assert.ok(budget.ask(10).isGranted);
  });

  it('gives a turn to who asks for more than there is, when nobody else uses any', () => {
    const budget = new Budget(10);
    const first = budget.ask(1);
    const large = budget.ask(100);
    assert.equal(large.isGranted, false);
    budget.giveBack(first);
    assert.equal(large.isGranted, true);
  });

  it('forgets who leaves the queue, and lets the next one in', () => {
    const budget = new Budget(10);
    const first = budget.ask(6);
    const gone = budget.ask(100);
    const next = budget.ask(4);
    assert.equal(next.isGranted, false);
    budget.giveBack(gone);
    budget.giveBack(gone);
    assert.equal(next.isGranted, true);
    budget.giveBack(first);
    assert.ok(budget.ask(6).isGranted);
  });
});
