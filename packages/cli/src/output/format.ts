import { Option } from 'commander';
import type { Command } from 'commander';
import { usageError } from './failure.ts';

export const outputFormats = ['table', 'json', 'jsonl', 'yaml', 'tsv', 'none'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** As `az` has them: the same with colours. */
const coloured: Readonly<Record<string, OutputFormat>> = { jsonc: 'json', yamlc: 'yaml' };

/** `-o` and `--query`, as every command that prints data has them. */
export interface Format {
  output: OutputFormat;
  query?: string;
}

export function addOutputOptions(command: Command): Command {
  const output = new Option('-o, --output <format>', 'how to print')
    .choices(outputFormats)
    .argParser(readFormat)
    .default('table');
  return command
    .addOption(output)
    .option('--query <expression>', 'JMESPath expression on the result; on each line for jsonl');
}

function readFormat(text: string): OutputFormat {
  const format = coloured[text] ?? outputFormats.find((one) => one === text);
  if (format !== undefined) return format;
  throw usageError(`There is no output format ${JSON.stringify(text)}.`, `Take ${outputFormats.join(', ')}.`);
}

/** For `-n`: a whole number. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`${JSON.stringify(text)} is not a number of lines.`, 'Write a whole number, such as 10.');
}

/** The function that a JMESPath expression is; loaded when it is used. Error: `usage_invalid`. */
export async function openQuery(
  expression: string | undefined,
): Promise<((value: unknown) => unknown) | undefined> {
  if (expression === undefined) return undefined;
  const { default: jmespath } = await import('jmespath');
  try {
    jmespath.compile(expression);
  } catch (error) {
    throw usageError(
      `The query ${JSON.stringify(expression)} cannot be read: ${problemOf(error)}.`,
      'See jmespath.org.',
    );
  }
  return (value) => {
    try {
      return jmespath.search(value, expression);
    } catch (error) {
      // Such as a function on a value of another type.
      throw usageError(`The query ${JSON.stringify(expression)} does not fit the data: ${problemOf(error)}.`);
    }
  };
}

function problemOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.*$/, '');
}
