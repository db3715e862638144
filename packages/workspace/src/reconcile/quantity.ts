import { invalid } from '../errors.ts';

const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The limits among `containerResourceRequirements`, in the quantities of Kubernetes (`500m`, `0.5`, `512Mi`). */
export function limitsOf(
  requirements: Readonly<Record<string, unknown>> | null | undefined,
): { cpus?: number; memoryBytes?: number } | undefined {
  const given = requirements?.['containerResourceLimits'];
  if (typeof given !== 'object' || given === null) return undefined;
  const limits: { cpus?: number; memoryBytes?: number } = {};
  const { cpu, memory } = given as { cpu?: unknown; memory?: unknown };
  if (cpu !== undefined && cpu !== null) limits.cpus = quantity(cpu, 'cpu');
  if (memory !== undefined && memory !== null) limits.memoryBytes = quantity(memory, 'memory');
  return limits;
}

function quantity(value: unknown, key: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(m|k|Ki|[MGT]i?)?$/.exec(String(value)) ?? [];
  const factor = unit === 'm' ? 0.001 : factors[unit];
  if (digits !== undefined && factor !== undefined && Number(digits) > 0) return Number(digits) * factor;
  throw invalid(`The limit of ${key} is ${JSON.stringify(value)}, which is no quantity.`, {
    fix: 'Write a number with the units of Kubernetes, such as 500m or 512Mi.',
  });
}
