import type { Environment } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { Http } from '../core/ports.ts';
import type { Check } from '../core/site.ts';

/** Systems that are asked for news. */
const ASKED = ['koji', 'bodhi', 'resultsdb', 'greenwave', 'datagrepper'] as const;

/** Whether each source of an environment answers at all; what it answers is its own affair, as long as it does not say that it is broken. */
export async function reachable(
  { name, systems }: Environment,
  http: Http,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  return Promise.all(
    ASKED.flatMap((system) => {
      const url = systems[system]?.url;
      return url === undefined ? [] : [ask(`${name}/${system}`, url, http, signal)];
    }),
  );
}

async function ask(name: string, url: string, http: Http, signal: AbortSignal): Promise<Check> {
  try {
    const { status } = await http({ url, redirects: 'manual' }, signal);
    const ok = status < 500;
    return { name, ok, text: ok ? 'answers' : `answers ${status}`, age_ms: null };
  } catch (error) {
    const text = error instanceof Fault ? error.message : 'did not answer in time';
    return { name, ok: false, text, age_ms: null };
  }
}
