import type { DeclaredFault } from '../declared.ts';
import { answersAll, endingWithout, TITLES, type WireSystem } from '../front-end.ts';

/** Apache in front of an application that does not answer it. */
const PAGE = {
  status: 502,
  contentType: 'text/html; charset=iso-8859-1',
  body: `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>502 Proxy Error</title>
</head><body>
<h1>Proxy Error</h1>
<p>The proxy server received an invalid
response from an upstream server.<br />
The proxy server could not handle the request<p>Reason: <strong>Error reading from remote server</strong></p></p>
</body></html>
`,
} as const;

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} is behind a proxy that answers HTTP 502 with a page of HTML.`,
    ...endingWithout(system),
    hooks: answersAll(system, PAGE),
  };
}
