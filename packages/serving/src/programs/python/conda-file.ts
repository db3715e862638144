import { parseDocument } from 'yaml';

import { ProgramError } from '../program-error.ts';
import { isPythonPackage, requirementOf } from './conda-package.ts';

/** What a conda file asks for, in the words of pip. */
export interface PythonRequirements {
  /** Version range of the interpreter, as conda writes it (`3.11`, `>=3.9,<3.12`); undefined: any. */
  python: string | undefined;
  /** Lines of a requirements file, in the order of the conda file. */
  requirements: readonly string[];
  /** What could not be kept, one sentence each. */
  warnings: readonly string[];
}

/**
 * Reads a conda file. Packages come from PyPI: those that conda names differently are renamed, and those that are no Python
 * packages are left out with a warning.
 *
 * @throws ProgramError `environment_failed` that names what is wrong with the file
 */
export function readCondaFile(text: string): PythonRequirements {
  const entries = dependenciesOf(text);
  const requirements: string[] = [];
  const warnings: string[] = [];
  let python: string | undefined;
  entries.forEach((entry, index) => {
    if (typeof entry !== 'string') {
      requirements.push(...pipList(entry, index));
      return;
    }
    const { name, versions, requirement } = requirementOf(entry) ?? refuse(entry, index);
    if (name === 'python') python = versions === '' ? undefined : versions;
    else if (!isPythonPackage(name)) warnings.push(`${entry} is no Python package and is left out`);
    else if (name !== 'pip') requirements.push(requirement);
  });
  return { python, requirements, warnings };
}

function dependenciesOf(text: string): unknown[] {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw broken(`is no YAML: ${error.message.split('\n')[0]}`);
  const content: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw broken('is no mapping: it has to have a list `dependencies`');
  }
  const dependencies: unknown = 'dependencies' in content ? content.dependencies : undefined;
  if (!Array.isArray(dependencies)) throw broken('has no list `dependencies`');
  return dependencies;
}

/** The lines of `- pip: [...]`. */
function pipList(entry: unknown, index: number): string[] {
  const where = `dependencies[${index}]`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry) || !('pip' in entry)) {
    throw broken(`has at ${where} neither a package nor a list \`pip\`: ${JSON.stringify(entry)}`);
  }
  const others = Object.keys(entry).filter((key) => key !== 'pip');
  if (others.length > 0)
    throw broken(`has at ${where} the unknown key \`${others[0]}\`: only \`pip\` can be there`);
  if (!Array.isArray(entry.pip)) throw broken(`has at ${where} a \`pip\` that is no list`);
  return entry.pip.flatMap((line: unknown, lineIndex) => {
    if (typeof line !== 'string') {
      throw broken(`has at ${where}.pip[${lineIndex}] no text: ${JSON.stringify(line)}`);
    }
    return line
      .split(/\r?\n/)
      .map(pipLine)
      .filter((one) => one !== '');
  });
}

function pipLine(line: string): string {
  const trimmed = line.trim();
  if (trimmed.startsWith('#')) return '';
  if (
    /^(-r|--requirement|-c|--constraint|-e|--editable)([\s=]|$)/.test(trimmed) ||
    /^-[rce]\S/.test(trimmed)
  ) {
    throw broken(`names a file that is not here: \`${trimmed}\`. Put its lines into the list \`pip\``);
  }
  return trimmed;
}

function refuse(entry: string, index: number): never {
  throw broken(`has at dependencies[${index}] what is no package with a version: ${JSON.stringify(entry)}`);
}

function broken(what: string): ProgramError {
  return new ProgramError('environment_failed', `the conda file ${what}`);
}
