import { median } from '../ratio.ts';

/**
 * `rounds` rounds in which each contender is measured once, after one round that does not count. Each round begins with another
 * one, and goes the other way round than the one before.
 */
export async function measureInTurn<Name extends string, Contender, Sample>(
  rounds: number,
  contenders: Record<Name, Contender>,
  measure: (contender: Contender) => Promise<Sample>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(contenders) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = -1; round < rounds; round++) {
    const first = Math.max(0, round) % names.length;
    const order = [...names.slice(first), ...names.slice(0, first)];
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      const sample = await measure(contenders[name]);
      if (round >= 0) samples[name].push(sample);
    }
  }
  return samples;
}

export interface Ratio {
  median: number;
  /** Least and greatest of a round. */
  spread: readonly [number, number];
}

/** The ratio of each round. */
export function ratioOfRounds(ours: readonly number[], reference: readonly number[]): Ratio {
  const ratios = ours.map((own, round) => own / (reference[round] ?? Number.NaN));
  return { median: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] };
}
