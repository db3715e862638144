/** Two things measured in turn, in one run, so that what the machine does meanwhile touches both. */
export interface Comparison {
  /** Medians. */
  reference: number;
  ours: number;
  /** Median of the ratios ours / reference of each pair. */
  ratio: number;
  /** Least and greatest ratio of a pair. */
  spread: readonly [number, number];
}

/** `pairs` pairs, each in the other order than the one before, after one pair that does not count. */
export async function compare(
  pairs: number,
  measure: { reference: () => Promise<number>; ours: () => Promise<number> },
): Promise<Comparison> {
  const references: number[] = [];
  const ours: number[] = [];
  const both = async (oursFirst: boolean): Promise<[number, number]> => {
    if (!oursFirst) return [await measure.reference(), await measure.ours()];
    const own = await measure.ours();
    return [await measure.reference(), own];
  };
  await both(false);
  for (let pair = 0; pair < pairs; pair++) {
    const [reference, own] = await both(pair % 2 === 1);
    references.push(reference);
    ours.push(own);
  }
  const ratios = ours.map((own, pair) => own / (references[pair] ?? Number.NaN));
  return {
    reference: median(references),
    ours: median(ours),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
