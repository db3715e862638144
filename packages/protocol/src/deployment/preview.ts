import { formatDatastoreUri } from '../azureml-uri.ts';
import type { DatastoreUri } from '../azureml-uri.ts';
import { readDatastoreUri } from './collection-data.ts';
import { readFields, readNumber } from './fields.ts';
import type { Field } from './fields.ts';
import type { Report } from './report.ts';

// Keys of the original's public preview. Old files still have them, today's client refuses them.

/** Reads `destination`; Event Hubs, the other sink of the preview, is refused. */
export function readDestination(field: Field, report: Report): DatastoreUri | undefined {
  const { path, event_hub: eventHub } = readFields(field, ['path', 'event_hub'], report) ?? {};
  if (eventHub !== undefined) {
    report.problem(
      eventHub.key,
      'Event Hubs as a destination was withdrawn and is not supported: write data.path with a datastore path.',
    );
  }
  const uri = path && readDatastoreUri(path, report);
  if (uri !== undefined) {
    const instead = `data: { path: ${formatDatastoreUri(uri)} }`;
    report.warning(field.key, `destination is a form of the preview: write ${instead} below the collection.`);
  }
  return uri;
}

/** Reads `sampling_strategy`, whose percentage becomes a rate from 0 to 1. */
export function readSamplingStrategy(field: Field, report: Report): number | undefined {
  const { random_sample_percentage: entry } = readFields(field, ['random_sample_percentage'], report) ?? {};
  const percentage = entry && readNumber(entry, report);
  if (entry === undefined || percentage === undefined) return undefined;
  if (percentage < 0 || percentage > 100) {
    report.problem(entry, `random_sample_percentage is ${percentage}; it lies from 0 to 100.`);
    return undefined;
  }
  const rate = percentage / 100;
  report.warning(field.key, `sampling_strategy is a form of the preview: write sampling_rate: ${rate}.`);
  return rate;
}
