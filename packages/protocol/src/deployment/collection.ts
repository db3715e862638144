import { readCollectionData } from './collection-data.ts';
import type { CollectionData } from './collection-data.ts';
import { notInSet, readFields, readNumber, readText, refuseNull, reportMissing } from './fields.ts';
import type { Field } from './fields.ts';
import { readDestination, readSamplingStrategy } from './preview.ts';
import type { Report } from './report.ts';

/** What one entry of `collections` says. */
export interface CollectionSettings extends CollectionData {
  enabled: boolean;
  /** The managed identity that writes. */
  clientId?: string | undefined;
  /** Fraction 0…1. */
  samplingRate?: number | undefined;
}

/** Reads one value below `collections`; `undefined`, after a report, when it is no map. */
export function readCollection(field: Field, report: Report): CollectionSettings | undefined {
  const fields = readFields(
    field,
    ['enabled', 'data', 'client_id', 'sampling_rate', 'destination', 'sampling_strategy'],
    report,
  );
  if (fields === undefined) return undefined;
  if (fields.enabled === undefined) reportMissing(field, 'enabled', report);
  const data = fields.data && readCollectionData(fields.data, report);
  const destination = fields.destination && readDestination(fields.destination, report);
  const clientId = fields.client_id && readText(fields.client_id, report);
  const samplingRate = fields.sampling_rate && readSamplingRate(fields.sampling_rate, report);
  const strategy = fields.sampling_strategy && readSamplingStrategy(fields.sampling_strategy, report);
  return {
    ...data,
    ...(data?.dataPath === undefined && data?.dataReference === undefined && { dataPath: destination }),
    enabled: fields.enabled !== undefined && readCollectionEnabled(fields.enabled, report),
    clientId: clientId || undefined,
    samplingRate: samplingRate ?? strategy,
  };
}

function readCollectionEnabled(field: Field, report: Report): boolean {
  const enabled = readEnabled(field, report);
  if (enabled !== undefined && field.value.kind === 'boolean') {
    report.warning(field, `The original refuses a boolean here and wants text: write enabled: '${enabled}'.`);
  }
  return enabled ?? false;
}

/** The text `true` or `false` in any case, or the boolean spelled so; `yes` and `on` are refused as ever. */
export function readEnabled(field: Field, report: Report): boolean | undefined {
  if (refuseNull(field, report)) return undefined;
  const { value } = field;
  const word = value.kind === 'boolean' ? value.source : value.kind === 'text' ? value.value : '';
  if (/^(?:true|false)$/i.test(word)) return word.toLowerCase() === 'true';
  report.problem(field, notInSet(value, ['true', 'false']));
  return undefined;
}

/** A number from 0 to 1, which may be text. */
export function readSamplingRate(field: Field, report: Report): number | undefined {
  const rate = readNumber(field, report);
  if (rate === undefined || (rate >= 0 && rate <= 1)) return rate;
  report.problem(field, 'Sampling rate must be an number in range (0.0-1.0)');
  return undefined;
}
