import type { Answer, Hooks, Interference, WireRequest } from '../kit/kit.ts';
import { FAULT, KojiFault } from '../koji/faults.ts';
import { encodeFault } from '../koji/xmlrpc.ts';

/** What an answer that carries words looks like; the packs of git and tarballs are none. */
const TEXT = /^(text|application\/(json|xml|ld\+json))/;

export function isText({ contentType }: Answer): boolean {
  return TEXT.test(contentType);
}

/** Which requests to a system a fault is about. */
export type Concerns = (request: WireRequest) => boolean;

/** Requests of a system that end so, instead of what it would have said. */
export function answers(system: string, concerns: Concerns, answer: Answer): Partial<Hooks> {
  return meets(system, concerns, () => ({ answer }));
}

/** Text answers of a system with other words in them; the system has done what it was asked. */
export function retells(
  system: string,
  concerns: Concerns,
  retell: (body: string) => string,
): Partial<Hooks> {
  const alter = (answer: Answer) =>
    isText(answer) && answer.status < 300 ? { ...answer, body: retell(answer.body) } : answer;
  return meets(system, concerns, () => ({ alter }));
}

export function meets(
  system: string,
  concerns: Concerns,
  interfere: (request: WireRequest) => Interference | undefined,
): Partial<Hooks> {
  return {
    wire: (asked, request) => (asked === system && concerns(request) ? interfere(request) : undefined),
  };
}

/** JSON with other values in it; what is none stays as it is. */
export function inJson(change: (value: Record<string, unknown>) => unknown): (body: string) => string {
  return (body) => {
    try {
      return JSON.stringify(change(JSON.parse(body) as Record<string, unknown>));
    } catch {
      return body;
    }
  };
}

/** All methods that a request to Koji calls, also inside a multicall. */
export function callsOf({ body = '' }: WireRequest): readonly string[] {
  const named = /<methodName>([^<]*)<|<name>methodName<\/name>\s*<value>\s*(?:<string>)?([^<]*)</g;
  return [...body.matchAll(named)]
    .map(([, outer, inner]) => outer ?? inner ?? '')
    .filter((name) => name !== 'multiCall' && name !== 'system.multicall');
}

/** The hub's no: HTTP 200, and a fault of XML-RPC. */
export function hubFault(code: keyof typeof FAULT, text: string): Answer {
  return { status: 200, contentType: 'text/xml', body: encodeFault(new KojiFault(FAULT[code], text)) };
}

/** Apache in front of a folder that wants a login. */
export const APACHE_401: Answer = {
  status: 401,
  contentType: 'text/html; charset=iso-8859-1',
  body: `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>401 Unauthorized</title>
</head><body>
<h1>Unauthorized</h1>
<p>This server could not verify that you
are authorized to access the document
requested.  Either you supplied the wrong
credentials (e.g., bad password), or your
browser doesn't understand how to supply
the credentials required.</p>
</body></html>
`,
  headers: { 'www-authenticate': 'Negotiate' },
};

export const APACHE_403: Answer = {
  status: 403,
  contentType: 'text/html; charset=iso-8859-1',
  body: `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>403 Forbidden</title>
</head><body>
<h1>Forbidden</h1>
<p>You don't have permission to access this resource.</p>
</body></html>
`,
};

/** Bodhi's own no. */
export function bodhiRefusal(status: number, name: string, description: string): Answer {
  return {
    status,
    contentType: 'application/json',
    body: JSON.stringify({ status: 'error', errors: [{ location: 'body', name, description }] }),
  };
}

/** Another package of the distribution, and its build. */
export const ANOTHER = { package: 'zlib-ng', nvr: 'zlib-ng-2.3.1-1.fc44' } as const;

/** The builds of the world's packages, wherever they stand in a text. */
export const TEST_NVR = /dummy-test-package-[a-z]+-[\w.~^]+-[\w.~^]+\.fc\d+/g;
