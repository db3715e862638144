import { checkSteps } from './check-steps.ts';
import { goTool } from './go-tool.ts';
import type { GoTool } from './go-tool.ts';
import { runInterruptibly } from './interruption.ts';
import { pythonEnvironment } from './python.ts';
import type { PythonPackages } from './python.ts';
import { commandStep, runSteps } from './steps.ts';
import type { Step } from './steps.ts';
import { integrationTests } from './test-files.ts';

const steps = [
  ...checkSteps,
  pythonStep('iris'),
  pythonStep('pandas3'),
  goStep('versitygw'),
  goStep('fake-gcs-server'),
  integrationTests,
  commandStep('crash', [process.execPath, 'bench/crash/main.ts', '--rounds', '8']),
];

await runInterruptibly((signal) =>
  runSteps(steps, { signal, command: 'npm test', only: process.argv.slice(2) }),
);

/** Built before the tests that share it. */
function goStep(tool: GoTool): Step {
  return {
    name: tool,
    run: async (signal) => {
      const found = await goTool(tool, { signal });
      return { kind: 'passed', ...('unavailable' in found && { skipped: [found.unavailable] }) };
    },
  };
}

/** Made before the tests that share it; each of them says for itself what it skips without. */
function pythonStep(packages: PythonPackages): Step {
  return {
    name: `python-${packages}`,
    run: async (signal) => {
      const environment = await pythonEnvironment(packages, { signal });
      if ('unavailable' in environment) return { kind: 'passed', skipped: [environment.unavailable] };
      return { kind: 'passed' };
    },
  };
}
