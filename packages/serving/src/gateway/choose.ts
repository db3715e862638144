import type { EndpointRoute } from '@gleaner/workspace/api';

export type Choice =
  /** `mirrors` get the request besides; never the deployment itself. */
  | { kind: 'chosen'; deployment: string; mirrors: readonly string[] }
  /** The client asked for one that is not there. */
  | { kind: 'unknown'; asked: string }
  /** No deployment takes traffic. */
  | { kind: 'none' };

export interface ChoiceOptions {
  /** The header `azureml-model-deployment`. */
  asked: string | undefined;
  /** Deployments by their names in lower case. */
  isThere(deployment: string): boolean;
  /** Uniform in 0…1, 1 excluded. */
  random(): number;
}

/** Where a request goes: what it asks for, or a draw by the traffic. Each mirror is drawn by itself. Names in lower case. */
export function chooseDeployment(
  { traffic, mirrorTraffic }: Pick<EndpointRoute, 'traffic' | 'mirrorTraffic'>,
  { asked, isThere, random }: ChoiceOptions,
): Choice {
  const wanted = asked?.trim().toLowerCase();
  if (wanted !== undefined && wanted !== '') {
    if (!isThere(wanted)) return { kind: 'unknown', asked: asked ?? wanted };
    return { kind: 'chosen', deployment: wanted, mirrors: [] };
  }
  const deployment = drawByWeight(shares(traffic, isThere), random);
  if (deployment === undefined) return { kind: 'none' };
  const mirrors = shares(mirrorTraffic, isThere)
    .filter(([name, percent]) => name !== deployment && random() * 100 < percent)
    .map(([name]) => name);
  return { kind: 'chosen', deployment, mirrors };
}

function shares(
  percents: Readonly<Record<string, number>>,
  isThere: (deployment: string) => boolean,
): [string, number][] {
  return Object.entries(percents)
    .map(([name, percent]): [string, number] => [name.toLowerCase(), percent])
    .filter(([name, percent]) => percent > 0 && isThere(name));
}

function drawByWeight(weights: readonly [string, number][], random: () => number): string | undefined {
  let rest = random() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of weights) {
    rest -= weight;
    if (rest < 0) return name;
  }
  return weights.at(-1)?.[0];
}
