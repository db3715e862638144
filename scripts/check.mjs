import { runScript } from './setup.mjs';

await runScript('check.ts');
