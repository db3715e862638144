/** The version of this package; a test holds it equal to `package.json`, which a browser cannot read. */
export const version = '0.1.0';

/** `agent` of the records this SDK sends. */
export const agent = `gleaner-sdk/${version}`;
