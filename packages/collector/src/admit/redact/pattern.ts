/** What texts are searched for: regular expressions in the syntax of RE2, and an engine that no text can keep busy for long. */
import { RE2JS, RE2JSException, RE2Set } from 're2js';

import { RuleProblem } from './problem.ts';

/** Made by {@link parsePattern}. */
export type Pattern = RE2JS;

export interface Match {
  from: number;
  to: number;
}

export interface PatternSearch {
  /** Index of each pattern that matches somewhere in a text, in ascending order. */
  matching(text: string): readonly number[];
  /** All matches of a pattern, by its index, in order, none of them empty; `undefined` when `time` is used up. */
  find(pattern: number, text: string, time: SearchTime): Match[] | undefined;
}

/** What the searches for one body, or one attribute, may cost together: it grows with the texts that are searched. */
export interface SearchTime {
  /** Of the processor, for this thread. */
  leftMicros: number;
}

/** So that nothing fails because of a pause, to collect garbage for instance. */
const startMicros = 100_000;

/** Some ten times what dense matches of ordinary patterns take. */
const microsPerCharacter = 4;

/** Errors: {@link RuleProblem}, also for a pattern that matches nothing at all, which is everywhere. */
export function parsePattern(source: string): Pattern {
  try {
    const pattern = RE2JS.compile(source);
    if (!canBeEmpty(source)) return pattern;
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    const problem = cause.message.replace(/^error parsing regexp: /, '');
    throw new RuleProblem(`Expected a regular expression in the syntax of RE2: ${problem}.`);
  }
  throw new RuleProblem('Expected a pattern that matches at least one character wherever it matches.');
}

export function createSearch(patterns: readonly Pattern[]): PatternSearch {
  const set = new RE2Set();
  for (const pattern of patterns) set.add(pattern.pattern());
  set.compile();
  return {
    matching: (text) => set.match(text),
    find: (index, text, time) => {
      const pattern = patterns[index];
      return pattern && findAll(pattern, text, time);
    },
  };
}

export function startSearchTime(): SearchTime {
  return { leftMicros: startMicros };
}

/** One search is as long as the text at most; but a match may need one to the end of the text, and so may the next. */
function findAll(pattern: Pattern, text: string, time: SearchTime): Match[] | undefined {
  time.leftMicros += microsPerCharacter * text.length;
  const endMicros = usedMicros() + time.leftMicros;
  const matcher = pattern.matcher(text);
  const matches: Match[] = [];
  while (matcher.find()) {
    matches.push({ from: matcher.start(), to: matcher.end() });
    if (usedMicros() > endMicros) return undefined;
  }
  time.leftMicros = endMicros - usedMicros();
  return matches;
}

function usedMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** All that a place can be to a pattern: an end of the text or of a line, inside or outside a word, or between. */
const neighbours = ['', 'a', ' ', '\n'];

function canBeEmpty(source: string): boolean {
  return neighbours.some((before) =>
    neighbours.some((behind) => RE2JS.compile(`${before}(?:${source})${behind}`).matches(before + behind)),
  );
}
