import type { DeclaredFault } from '../declared.ts';
import { answersAll, endingWithout, TITLES, type WireSystem } from '../front-end.ts';

/** What a proxy, or a login page in front of everything, puts in the place of an answer. */
const PAGE = {
  status: 200,
  contentType: 'text/html; charset=utf-8',
  body: '<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n',
} as const;

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} answers every request with HTTP 200 and a page of HTML.`,
    ...endingWithout(system),
    hooks: answersAll(system, PAGE),
  };
}
