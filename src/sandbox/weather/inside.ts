import { metInside } from '../kit/inside.ts';
import type { Kit } from '../kit/kit.ts';
import { othersPackage } from '../kit/world.ts';
import type { AskInside, InsideRequest } from '../resultsdb/flask.ts';

/** What a system answered to somebody in the same process. */
export interface InsideAnswer {
  readonly status: number;
  readonly text: string;
}

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
    const { delayMs, answer } = metInside(hooks, name, { method: request.method, path: request.path });
    if (delayMs > 0)
      await new Promise<void>((resolve) => clock.after(Math.min(delayMs, PATIENCE_MS), resolve));
    if (delayMs > PATIENCE_MS || answer === 'drop') return { status: 503, text: '' };
    if (answer !== undefined) return { status: answer.status, text: answer.body };
    const system = this.#systems.get(name);
    if (system === undefined) return { status: 503, text: '' };
    const { status, body } = await system.ask({ ...request, root: system.url });
    return { status, text: body };
  }
}
