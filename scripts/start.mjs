import { runScript } from './setup.mjs';

await runScript('start.ts');
