export { contentRange, parseContentRange } from './content-range.ts';
export type { ContentRange } from './content-range.ts';
export { dropReasons, isDropReason } from './drop-reasons.ts';
export type { DropReason } from './drop-reasons.ts';
export { GleanerError } from './errors.ts';
export type { GleanerErrorOptions } from './errors.ts';
export { isInstanceId } from './instance-id.ts';
export { createJsonScanner, embedJson, maxJsonDepth, scanJson } from './json-scan.ts';
export type { JsonScan, JsonScanner } from './json-scan.ts';
export { arrayElements, objectMembers } from './json-slices.ts';
export type { JsonMember, JsonSlice } from './json-slices.ts';
export {
  chainNext,
  chainStart,
  manifestName,
  manifestVersion,
  parseManifest,
  writeManifest,
} from './manifest.ts';
export type { Manifest, ManifestFile } from './manifest.ts';
export {
  collectionOfType,
  inlineFrame,
  isJsonContentType,
  jsonText,
  maxLineBytes,
  payloadName,
  referenceLine,
  typePrefix,
} from './record.ts';
export type { RecordAttributes, RecordFrame } from './record.ts';
export { readRecordLine } from './record-reader.ts';
export type { StoredRecord } from './record-reader.ts';
export { rowId } from './row-id.ts';
export { samplingFraction } from './sampling.ts';
export { eventTime, formatTime } from './time.ts';
export type { EventTime } from './time.ts';
export {
  attributeName,
  cloudEventAttributes,
  isUuid,
  readCloudEventHeaders,
  readSdkHeaders,
  recordKeys,
} from './wire-headers.ts';
export type { EventAttributes, Extension, TransportHeaders } from './wire-headers.ts';
export { parseWindowFolder, rollingRates, windowBounds, windowFolder } from './window.ts';
export type { RollingRate } from './window.ts';
