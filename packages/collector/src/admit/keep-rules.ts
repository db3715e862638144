/** Rules that keep a pair whatever the sampling: failures, and what took long. */

import type { Outcome } from '../flow.ts';

export type KeepRule = { kind: 'errors' } | { kind: 'slower_than_ms'; durationMs: number };

/** The name of the first rule that wants the pair. */
export function keptBy(rules: readonly KeepRule[], outcome: Outcome): KeepRule['kind'] | undefined {
  return rules.find((rule) => wants(rule, outcome))?.kind;
}

function wants(rule: KeepRule, outcome: Outcome): boolean {
  switch (rule.kind) {
    case 'errors':
      return isError(outcome);
    case 'slower_than_ms':
      return outcome.durationMs > rule.durationMs;
  }
}

/** 4xx and 5xx, an error of gRPC, and no answer or half of one. Who went away before the answer made no error. */
function isError({ status, grpcStatus, ended }: Outcome): boolean {
  if (ended === 'failed upstream') return true;
  return (status ?? 0) >= 400 || (grpcStatus ?? 0) > 0;
}
