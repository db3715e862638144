import pc from 'picocolors';

/** Colours for what goes to a terminal; none elsewhere, nor where NO_COLOR asks for none. */
export function styleFor(stream: { isTTY?: boolean }): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && !process.env['NO_COLOR']);
}
