/** For tests: where this reader and the strict parser of Node differ on purpose. Everywhere else they have to agree. */

export interface Difference {
  name: string;
  /** Who refuses what the other reads, and with which code. */
  by: 'gleaner' | 'node';
  code: string;
  /** Found where the difference can show: where this reader halted if it is sticky, else anywhere. */
  shows: RegExp;
  example: string;
}

const next = 'GET /next HTTP/1.1\r\n\r\n';
const chunkedHead = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

export const differences: readonly Difference[] = [
  {
    name: 'only tokens in one field list transfer codings',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /(?:[^\r]+\r\n)+?transfer-encoding:(?:[^\r]*[,;]|[^]*?\ntransfer-encoding:)/iy,
    example: 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  },
  {
    name: 'HTTP/1.0 knows no Transfer-Encoding',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /[^\r]+HTTP\/1\.0\r\n(?:[^\r]+\r\n)*?transfer-encoding:/iy,
    example: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  },
  {
    name: 'a length has at most 15 digits',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /(?:[^\r]+\r\n)+?content-length:[ \t]*[0-9]{16}/iy,
    example: 'POST / HTTP/1.1\r\nContent-Length: 0000000000000003\r\n\r\nabc',
  },
  {
    name: 'the size of a chunk has at most 13 digits',
    by: 'gleaner',
    code: 'chunk_malformed',
    shows: /[0-9a-f]{14}/iy,
    example: `${chunkedHead}00000000000003\r\nabc\r\n0\r\n\r\n`,
  },
  {
    name: 'an extension of a chunk is a name, or a name and a token or quoted string',
    by: 'gleaner',
    code: 'chunk_malformed',
    shows: /[0-9a-f]+;(?:[^\r"]*(?<=;)[;=]|[^\r]*=[;\r]|[^\r]*[^=]")/iy,
    example: `${chunkedHead}3;;a=\r\nabc\r\n0\r\n\r\n`,
  },
  {
    name: 'a line before a request is empty or it is none',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /\n|(?<=\r)[^\n]/y,
    example: `\n${next}`,
  },
  {
    name: 'at most four empty lines before a request',
    by: 'gleaner',
    code: 'head_malformed',
    shows: /\r\n/y,
    example: `\r\n\r\n\r\n\r\n\r\n${next}`,
  },
  {
    name: 'one blank before the target and one after it',
    by: 'gleaner',
    code: 'head_malformed',
    shows: /[^\r]* {2}/y,
    example: 'GET  / HTTP/1.1\r\n\r\n',
  },
  {
    name: 'a request without a version is none',
    by: 'gleaner',
    code: 'head_malformed',
    shows: /[A-Z-]+ [^ \r]+\r\n/y,
    example: 'GET /\r\n\r\n',
  },
  {
    name: 'a line feed alone ends no line, not even in a request without a version',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /[A-Z-]+ [^ \r\n]+\n/y,
    example: 'GET /\n\r\n',
  },
  {
    name: 'only the versions 1.0 and 1.1',
    by: 'gleaner',
    code: 'version_unsupported',
    shows: /[^\r]+HTTP\/(?:0\.9|2\.0)\r/y,
    example: 'GET / HTTP/2.0\r\n\r\n',
  },
  {
    name: 'after the last message comes nothing but empty lines',
    by: 'gleaner',
    code: 'data_after_close',
    shows: /\n/y,
    example: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n\n',
  },
  {
    name: 'close wins over keep-alive, in 1.0 too',
    by: 'gleaner',
    code: 'data_after_close',
    shows: /(?<=HTTP\/1\.0\r\n[^]*close[^]*)/iy,
    example: `GET / HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n${next}`,
  },
  {
    name: 'Proxy-Connection means nothing to us',
    by: 'gleaner',
    code: 'data_after_close',
    shows: /(?<=proxy-connection:[^]*)/iy,
    example: `GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n${next}`,
  },
  {
    name: 'a trailer cannot close the connection',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /\r\n(?:[^\r]+\r\n)*connection:/iy,
    example: `${chunkedHead}0\r\nConnection: close\r\n\r\n`,
  },
  {
    name: 'CONNECT has no body',
    by: 'gleaner',
    code: 'framing_ambiguous',
    shows: /CONNECT /y,
    example: 'CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc',
  },
  {
    name: 'after it has answered a request in 1.0, Node does not wait for the rest of another',
    by: 'gleaner',
    code: 'truncated',
    shows: /(?<=HTTP\/1\.0\r\n[^]*)/y,
    example: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HT',
  },
  {
    name: 'a tab after a value is white space like a blank (RFC 9110, section 5.5)',
    by: 'node',
    code: 'HPE_INVALID_TRANSFER_ENCODING',
    shows: /chunked[ \t]*\t/i,
    example: 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n',
  },
  {
    name: 'any method',
    by: 'node',
    code: 'HPE_INVALID_METHOD',
    shows: /./,
    example: 'PREDICT / HTTP/1.1\r\n\r\n',
  },
  {
    name: 'any target, whatever it addresses',
    by: 'node',
    code: 'HPE_INVALID_URL',
    shows: /./,
    example: 'GET /r\xe9servation HTTP/1.1\r\n\r\n',
  },
];
