/** Id of one row, on which inputs, outputs and labels join: `<correlation id>_<index within the record>` (compat 8.3). */
export function rowId(correlationId: string, index: number): string {
  return `${correlationId}_${index}`;
}
