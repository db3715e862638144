import type { Position } from './yaml-value.ts';

/** Something to tell the author of a file. */
export interface Finding extends Position {
  /** A sentence; in the words of `azure-ai-ml` where it says the same. */
  readonly message: string;
  /** The way to the value, `data_collector.collections.model_inputs.enabled`; empty for the whole file. */
  readonly path: string;
}

/** A place in a file that findings can point at. */
export interface Place extends Position {
  readonly path: string;
}

/** What is wrong with a file (it cannot be used) and what is worth knowing about it, gathered while it is read. */
export interface Report {
  problem(at: Place, message: string): void;
  warning(at: Place, message: string): void;
  readonly problemCount: number;
  /** In the order of the file. */
  findings(): { problems: readonly Finding[]; warnings: readonly Finding[] };
}

export function createReport(): Report {
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const add = (findings: Finding[]) => {
    return ({ path, line, column }: Place, message: string) =>
      void findings.push({ message, path, line, column });
  };
  return {
    problem: add(problems),
    warning: add(warnings),
    get problemCount() {
      return problems.length;
    },
    findings: () => ({ problems: problems.toSorted(byPosition), warnings: warnings.toSorted(byPosition) }),
  };
}

function byPosition(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}

/** One finding on one line, as compilers print theirs, so that editors can jump to it. */
export function formatFinding({ message, path, line, column }: Finding, fileName: string): string {
  return `${fileName}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}
