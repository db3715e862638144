import { printText } from '../../output/print.ts';
import { createClient } from './client.ts';
import { deploymentPath } from './deployment.ts';
import type { LogRequest } from './deployment.ts';

const containerTypes: Readonly<Record<string, string>> = {
  'inference-server': 'InferenceServer',
  'storage-initializer': 'StorageInitializer',
  'model-data-collector': 'ModelDataCollector',
};

export async function printLogs(options: LogRequest): Promise<void> {
  const answer = await createClient(options).send<{ content?: string }>({
    method: 'POST',
    path: `${deploymentPath(options)}/getLogs`,
    body: { containerType: containerTypes[options.container], tail: options.lines },
  });
  const { content = '' } = answer.body;
  await printText(content === '' || content.endsWith('\n') ? content : `${content}\n`);
}
