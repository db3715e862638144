import { GleanerError } from '../errors.ts';
import type { Field } from '../deployment/fields.ts';
import { formatFinding } from '../deployment/report.ts';
import type { Finding, Report } from '../deployment/report.ts';
import { openYaml } from '../deployment/yaml-file.ts';

/** The outcome of reading the file of a resource. */
export interface Reading<T> {
  /** There when there are no problems. */
  value?: T;
  problems: readonly Finding[];
  warnings: readonly Finding[];
  fileName: string;
}

/** Reads a YAML file (text, or bytes of UTF-8) whose root is a map. */
export function readFileOf<T>(
  source: string | Uint8Array,
  fileName: string,
  read: (root: Field, report: Report) => T | undefined,
): Reading<T> {
  const { root, report } = openYaml(source);
  const value = root && read(root, report);
  const findings = report.findings();
  return { ...(findings.problems.length === 0 && value !== undefined && { value }), ...findings, fileName };
}

/**
 * What was read.
 *
 * @throws GleanerError `resource_file_invalid`, whose message has one line for each problem.
 */
export function requireValue<T>({ value, problems, fileName }: Reading<T>): T {
  if (value !== undefined) return value;
  const lines = problems.map((problem) => formatFinding(problem, fileName));
  throw new GleanerError('resource_file_invalid', lines.join('\n'), {
    fix: `Correct ${fileName} in the lines named.`,
  });
}
