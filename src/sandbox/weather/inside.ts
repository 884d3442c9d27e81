import { type Met, metInside } from '../kit/inside.ts';
import type { Answer, Kit, WireRequest } from '../kit/kit.ts';
import { othersPackage } from '../kit/world.ts';
import type { AskInside, InsideRequest } from '../resultsdb/flask.ts';
import { urlencode } from '../resultsdb/python.ts';

/** What a system answered to somebody in the same process. */
export interface InsideAnswer {
  readonly status: number;
  readonly text: string;
}

/** What a caller is left with who gets no answer. */
const SILENCE: InsideAnswer = { status: 503, text: '' };

/** What a caller meets who gives up: nobody inside waits for ever. Sandbox ms. */
const PATIENCE_MS = 60_000;

/**
 * The systems' ways to each other without the wire, for what only concerns other people's builds: hundreds of builds a day would keep the
 * network of this machine busy. Faults of a wire hit them all the same.
 */
export class Inside {
  readonly #kit: Kit;
  readonly #systems = new Map<string, { readonly ask: AskInside; readonly url: string }>();

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  /** Says how a system is asked, as soon as it is open. */
  join(name: string, system: { readonly ask: AskInside; readonly url: string }): void {
    this.#systems.set(name, system);
  }

  /** Whether all that is asked about are builds of others. */
  concerns(items: readonly unknown[]): boolean {
    return (
      items.length > 0 &&
      items.every((item) => typeof item === 'string' && othersPackage(this.#kit.world, item) !== undefined)
    );
  }

  async ask(name: string, request: Omit<InsideRequest, 'root'>): Promise<InsideAnswer> {
    const { clock, hooks } = this.#kit;
    const { delayMs, answer, isHeard, alter } = metInside(hooks, name, wireRequest(request));
    if (delayMs > 0)
      await new Promise<void>((resolve) => clock.after(Math.min(delayMs, PATIENCE_MS), resolve));
    if (delayMs > PATIENCE_MS || (answer === 'drop' && isHeard !== true)) return SILENCE;
    if (answer !== undefined && answer !== 'drop') return asTold(answer, alter);
    const system = this.#systems.get(name);
    if (system === undefined) return SILENCE;
    const { type, ...said } = await system.ask({ ...request, root: system.url });
    return isHeard === true ? SILENCE : asTold({ ...said, contentType: type }, alter);
  }
}

/** The request as it would stand on the wire: a fault tells questions apart by it, and keeps answers for either way. */
function wireRequest({ method, path, query = [], body }: Omit<InsideRequest, 'root'>): WireRequest {
  return {
    method,
    path: query.length === 0 ? path : `${path}?${urlencode(query, '')}`,
    get body() {
      return body === undefined ? undefined : JSON.stringify(body);
    },
  };
}

function asTold(answer: Answer, alter: Met['alter']): InsideAnswer {
  const { status, body } = alter?.(answer) ?? answer;
  return { status, text: body };
}
