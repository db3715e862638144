import { execFile } from 'node:child_process';

import { ProgramError } from '../program-error.ts';

export interface Interpreter {
  executable: string;
  /** `3.11` */
  version: string;
  /** Tells it from another build of the same version. */
  identity: string;
}

export interface InterpreterOptions {
  /** As conda writes it; undefined: any. */
  wanted: string | undefined;
  /** For `PATH` and `GLEANER_PYTHON`, which takes the place of every Python on the path. */
  environment: NodeJS.ProcessEnv;
  log: (line: string) => void;
}

/**
 * Finds the Python a conda file asks for, else the nearest there is, with a warning in the log.
 *
 * @throws ProgramError `environment_failed` when this machine has no Python 3.9 or newer
 */
export async function findInterpreter(options: InterpreterOptions): Promise<Interpreter> {
  const { wanted, environment, log } = options;
  const minor = wantedMinor(wanted);
  const chosen = environment['GLEANER_PYTHON'];
  const named = [14, 13, 12, 11, 10, 9].map((one) => `python3.${one}`);
  const candidates = chosen
    ? [chosen]
    : [...(minor === undefined ? [] : [`python3.${minor}`]), 'python3', 'python', ...named];

  const found: Interpreter[] = [];
  for (const candidate of new Set(candidates)) {
    const interpreter = await ask(candidate, environment);
    if (interpreter === undefined || minorOf(interpreter) < oldestMinor) continue;
    if (satisfies(minorOf(interpreter), wanted)) return interpreter;
    found.push(interpreter);
  }
  const distance = (one: Interpreter) => Math.abs(minorOf(one) - (minor ?? minorOf(one)));
  const nearest = found.reduce<Interpreter | undefined>(
    (best, one) => (best !== undefined && distance(best) <= distance(one) ? best : one),
    undefined,
  );
  if (nearest === undefined) {
    throw new ProgramError(
      'environment_failed',
      `no Python 3.${oldestMinor} or newer was found (tried ${candidates.join(', ')}): ` +
        'install one, or name one in GLEANER_PYTHON',
    );
  }
  log(
    `warning: Python ${wanted?.replace(/^=+/, '')} is asked for and not on this machine; Python ${nearest.version} is used`,
  );
  return nearest;
}

const oldestMinor = 9;

/** Of the first version that a range names. */
function wantedMinor(wanted: string | undefined): number | undefined {
  const digits = /3\.(\d+)/.exec(wanted ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Compares major and minor only: a patch release is as good as another. */
function satisfies(minor: number, wanted: string | undefined): boolean {
  return (wanted ?? '').split(',').every((clause) => {
    const [, operator = '', digits] = /^(<=|>=|==|!=|~=|=|<|>)?3\.(\d+)/.exec(clause) ?? [];
    if (digits === undefined) return true;
    const hasPatch = /3\.\d+\.\d/.test(clause);
    const difference = minor - Number(digits);
    switch (operator) {
      case '>=':
      case '~=':
        return difference >= 0;
      case '>':
        return hasPatch ? difference >= 0 : difference > 0;
      case '<=':
        return difference <= 0;
      case '<':
        return hasPatch && !/3\.\d+\.0+$/.test(clause) ? difference <= 0 : difference < 0;
      case '!=':
        return hasPatch || difference !== 0;
      default:
        return difference === 0;
    }
  });
}

function minorOf({ version }: Interpreter): number {
  return Number(version.split('.')[1]);
}

/** Undefined when it cannot be run, as the stand-ins of version managers, or is no Python 3. */
async function ask(candidate: string, env: NodeJS.ProcessEnv): Promise<Interpreter | undefined> {
  const script =
    'import sys; print(sys.executable, sys.version_info[0], sys.version_info[1], sys.version, sep="\\n")';
  const output = await new Promise<string | undefined>((resolve) => {
    execFile(candidate, ['-c', script], { env, encoding: 'utf8', timeout: 20_000 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
  const [executable, major, minor, ...rest] = output?.split('\n') ?? [];
  if (executable === undefined || major !== '3') return undefined;
  return { executable, version: `3.${minor}`, identity: `${executable} ${rest.join(' ').trim()}` };
}
