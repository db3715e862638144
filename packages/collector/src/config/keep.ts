import type { KeepRule } from '../admit/keep-rules.ts';
import type { ValueType } from './values.ts';

/** `errors`, `slower_than_ms: 500`, or several of them with commas between. */
export const keepValue: ValueType<readonly KeepRule[]> = {
  parse(text) {
    const rules = text.split(',').map((part) => ruleOf(part.trim()));
    return rules.some((rule) => rule === undefined) ? undefined : (rules as KeepRule[]);
  },
  expected: 'errors, slower_than_ms: <milliseconds>, or a list of them',
};

function ruleOf(text: string): KeepRule | undefined {
  if (text === 'errors') return { kind: 'errors' };
  const match = /^slower_than_ms *[:=] *(\d{1,9})$/.exec(text);
  return match === null ? undefined : { kind: 'slower_than_ms', durationMs: Number(match[1]) };
}
