import { installed } from './repository.ts';
import { commandStep } from './steps.ts';
import { unitTests } from './test-files.ts';

/** What `npm run check` does, within a minute and without changing a file. */
export const checkSteps = [
  commandStep('format', [installed('oxfmt'), '--check', '.']),
  commandStep('lint', [installed('oxlint')]),
  commandStep('types', [installed('tsc'), '-b', 'tsconfig.json', 'tsconfig.portable.json']),
  unitTests,
];
