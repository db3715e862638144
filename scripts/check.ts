import { checkSteps } from './check-steps.ts';
import { runInterruptibly } from './interruption.ts';
import { runSteps } from './steps.ts';

await runInterruptibly((signal) =>
  runSteps(checkSteps, { signal, command: 'npm run check', only: process.argv.slice(2) }),
);
