/** Name of the files one collector instance writes: 32 hex digits and a number of six digits (compat 5.1). */
const pattern = /^[0-9a-f]{32}\d{6}$/;

export function isInstanceId(text: string): boolean {
  return pattern.test(text);
}
