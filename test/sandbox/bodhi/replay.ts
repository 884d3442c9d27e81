import { readFileSync } from 'node:fs';
import { isReplayed } from '../../contract/not-replayed.ts';
import { type Answer, type Browser, browser } from './browser.ts';
import type { Requirement } from './fakes.ts';
import type { House } from './house.ts';

/** One line of a recording; which of its parts are there says what it is. */
export interface Line {
  /** Counted from 1, the head being the first. */
  readonly line: number;
  readonly note?: string;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly outside?: Readonly<Record<string, unknown>>;
  readonly topic?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** What is to be played of a recording. */
export function recording(name: string): Line[] {
  const url = new URL(`../../fixtures/recorded/${name}.jsonl`, import.meta.url);
  return readFileSync(url, 'utf8')
    .trim()
    .split('\n')
    .map((text, index) => ({ ...JSON.parse(text), line: index + 1 }) as Line)
    .filter(({ line }) => isReplayed(`${name}.jsonl`, line));
}

const ALIAS = /\b(FEDORA(?:-EPEL)?-\d{4}-[0-9a-f]{10})\b/g;
const TIME = /\b\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?\b/g;
/** Numbers that each server counts for itself. */
const COUNTED = new Set(['id', 'update_id', 'user_id', 'release_id', 'build_id', 'submitter_id', 'task_id']);
/** Secrets, each its own. */
const SECRET = new Set(['csrf_token']);

/** How much of an answer is compared. */
type How = 'all' | 'first row' | 'form';

/** Plays a recording against a house and says where the answers differ. */
export class Replay {
  readonly differences: string[] = [];
  /** Names of updates: as recorded, and as they are here. */
  readonly aliases = new Map<string, string>();
  readonly #house: House;
  readonly #browsers = new Map<string, Browser>();
  readonly #seen = new Map<Browser, number>();
  /** What is left out of the comments here, because the recording's hand changed a row without one. */
  unsaid: (comments: readonly { readonly text: string }[]) => readonly unknown[] = (comments) => comments;
  #played = 0;

  constructor(house: House) {
    this.#house = house;
  }

  get played(): number {
    return this.#played;
  }

  /**
   * Sends a recorded request and compares the answer. `first row` compares of many rows only the first, and of words and numbers only the type;
   * `form` does not even ask which of its fields are null.
   */
  async exchange({ note, request, response }: Line, how: How = 'all'): Promise<void> {
    if (request === undefined || response === undefined) return;
    this.#played += 1;
    const where = `${note || '-'}: ${request.method} ${request.path}`;
    const answer = await this.#send(request, note ?? '');
    if (answer.status !== response.status) {
      this.differences.push(
        `${where}: status ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}, recorded ${response.status} ${JSON.stringify(response.body).slice(0, 300)}`,
      );
      return;
    }
    const type = response.headers['content-type'];
    if (answer.headers.get('content-type') !== type) {
      this.differences.push(`${where}: ${answer.headers.get('content-type')}, recorded ${type}`);
      return;
    }
    for (const header of ['location', 'allow', 'access-control-allow-origin']) {
      const recorded = response.headers[header];
      if (recorded !== undefined) this.#compare(`${where} ${header}`, recorded, answer.headers.get(header));
    }
    if (type?.startsWith('text/html')) return;
    if (type?.startsWith('application/rss+xml')) {
      // What is in the news differs; the paper is the same.
      const [head] = String(answer.body).split('<lastBuildDate>');
      this.#compare(where, String(response.body).split('<lastBuildDate>')[0], head);
      return;
    }
    this.#compare(where, response.body, answer.body, how);
  }

  /** Compares values as they are on the wire. */
  compare(where: string, recorded: unknown, actual: unknown): void {
    this.#compare(where, recorded, actual);
  }

  async browserOf(name: string): Promise<Browser> {
    const known = this.#browsers.get(name);
    if (known !== undefined) return known;
    const user = this.#house.kit.world.users.find((one) => one.name === name);
    const made = browser(this.#house.bodhi, user);
    this.#browsers.set(name, made);
    // Somebody whose login was recorded elsewhere.
    if (user !== undefined) {
      await made.login();
      await made.csrf();
    }
    return made;
  }

  async #send(request: NonNullable<Line['request']>, note: string): Promise<Answer> {
    const cookie = request.headers['cookie'] ?? '';
    const login = /login of (\w+) with/.exec(note)?.[1] ?? /login of (\w+)>/.exec(cookie)?.[1];
    const who = await this.browserOf(login ?? 'nobody');
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (name !== 'cookie' && name !== 'authorization') headers[name] = value;
    }
    if (request.headers['authorization'] !== undefined) {
      headers['authorization'] = `Bearer ${await this.#token(who, note)}`;
    }
    // A session does not live through the nights that a recording leaps over.
    if (this.#house.clock.now() - (this.#seen.get(who) ?? 0) > 600_000) {
      if (login !== undefined && !note.startsWith('login of')) await who.login();
      await who.csrf();
    }
    this.#seen.set(who, this.#house.clock.now());
    const path = this.here(request.path);
    // Every GET of the token is played as such: the browser keeps it.
    if (path === '/csrf') return who.csrf();
    const body = this.#bodyOf(request.body, headers, who);
    return who.request(request.method, path, {
      headers,
      anonymous: cookie === '',
      ...(body === undefined ? {} : { body }),
    });
  }

  async #token(who: Browser, note: string): Promise<string> {
    if (note === 'bad token') return 'nonsense';
    if (note === 'token without the scopes') return who.token('openid');
    const token = await who.token();
    if (note === 'expired token') await this.#house.clock.jump(3_601_000);
    return token;
  }

  #bodyOf(body: unknown, headers: Readonly<Record<string, string>>, who: Browser): string | undefined {
    if (body === null || body === undefined) return undefined;
    if (typeof body === 'string') return body;
    const fields = Object.entries(body as Record<string, unknown>).map(([key, value]) => {
      if (value === '<csrf>') return [key, who.csrfToken] as const;
      if (value === '<10001 characters>') return [key, 'x'.repeat(10_001)] as const;
      return [key, typeof value === 'string' ? this.here(value) : value] as const;
    });
    if (headers['content-type'] === 'application/json') return JSON.stringify(Object.fromEntries(fields));
    const form = new URLSearchParams();
    for (const [key, value] of fields) for (const one of [value].flat()) form.append(key, String(one));
    return form.toString();
  }

  /** A recorded text with the names of the updates that are here. */
  here(text: string): string {
    const whole = text.replace(ALIAS, (alias) => this.aliases.get(alias) ?? alias);
    // A search is for the end of an alias.
    return whole.replace(/(?<=[?&]search=)[0-9a-f]{6}\b/, (end) => {
      const alias = [...this.aliases.keys()].find((one) => one.endsWith(end));
      return this.aliases.get(alias ?? '')?.slice(-6) ?? end;
    });
  }

  #compare(where: string, recorded: unknown, actual: unknown, how: How = 'all'): void {
    const loose = how !== 'all';
    if (how === 'form' && (recorded === null || actual === null)) return;
    const differ = (what: string): void => {
      this.differences.push(
        `${where}: ${what}: ${JSON.stringify(actual)?.slice(0, 300)}, recorded ${JSON.stringify(recorded)?.slice(0, 300)}`,
      );
    };
    if (Array.isArray(recorded)) {
      if (!Array.isArray(actual)) {
        differ('no list');
        return;
      }
      if (loose) {
        if (recorded.length > 0 && actual.length > 0)
          this.#compare(`${where}[0]`, recorded[0], actual[0], how);
        return;
      }
      if (recorded.length !== actual.length) differ('length');
      for (const [index, one] of recorded.entries()) {
        if (index < actual.length) this.#compare(`${where}[${index}]`, one, actual[index]);
      }
      return;
    }
    if (typeof recorded === 'object' && recorded !== null) {
      if (typeof actual !== 'object' || actual === null) {
        differ('no object');
        return;
      }
      const here = actual as Record<string, unknown>;
      const names = Object.keys(recorded);
      const more = Object.keys(here).filter((name) => !names.includes(name));
      if (more.length > 0 && !loose) differ(`more fields ${more}`);
      for (const name of names) {
        const value = (recorded as Record<string, unknown>)[name];
        if (!(name in here)) differ(`no field ${name}`);
        else if (COUNTED.has(name) || SECRET.has(name) || (loose && typeof value !== 'object')) {
          if (typeof here[name] !== typeof value) differ(`type of ${name}`);
        } else if (name === 'comments') {
          const said = this.unsaid(here[name] as readonly { readonly text: string }[]);
          this.#compare(`${where}.${name}`, value, said, how);
        } else this.#compare(`${where}.${name}`, value, here[name], how);
      }
      return;
    }
    if (typeof recorded === 'string' && typeof actual === 'string') {
      if (loose && !recorded.includes(' ')) return;
      if (this.#plain(recorded, actual) !== this.#plain(actual)) differ('text');
      return;
    }
    if (recorded !== actual) differ('value');
  }

  /** A text without what differs from run to run; learns the names of updates by their place. */
  #plain(text: string, beside?: string): string {
    const here = beside === undefined ? [] : [...beside.matchAll(ALIAS)].map(([alias]) => alias);
    let count = 0;
    return (
      text
        .replace(ALIAS, (alias) => {
          if (beside === undefined) return alias;
          const own = here[count];
          count += 1;
          if (own !== undefined && !this.aliases.has(alias)) this.aliases.set(alias, own);
          return this.aliases.get(alias) ?? alias;
        })
        // Where the recorded Bodhi found dist-git.
        .replace('https://localhost:24006/', 'https://src.fedoraproject.org/')
        .replace(/#[0-9a-f]{40}$/, '#<commit>')
        .replace(TIME, '<time>')
        .replace(/[A-Z][a-z]{2} \d{2}, \d{4}/g, '<day>')
        .replace(/http:\/\/(127\.0\.0\.1|localhost):\d+/g, '<bodhi>')
    );
  }
}

/** Brings about what a recording says happened beside Bodhi's API. */
export async function bringAbout(house: House, { outside, note = '' }: Line): Promise<void> {
  if (outside === undefined) return;
  const { greenwave, koji, message, clock, task, compose, waiverdb, distgit } = outside;
  if (greenwave !== undefined && !Array.isArray(greenwave)) {
    for (const [nvr, required] of Object.entries(greenwave as Record<string, readonly Requirement[]>)) {
      house.gating.required.set(nvr, required);
      lastNvr = nvr;
    }
  }
  if (typeof koji === 'object' && koji !== null) {
    const { nvr, tag, untag } = koji as { nvr: string; tag: string; untag?: string };
    house.koji.tag(nvr, tag, untag === undefined ? 'kojira' : 'autopen');
    if (untag !== undefined) house.koji.untag(nvr, untag, 'autopen');
    await house.settle();
  }
  if (typeof message === 'string') {
    const outcome = /\b(PASSED|FAILED|RUNNING)$/.exec(message)?.[1] ?? 'PASSED';
    if (message.startsWith('waiverdb')) {
      house.kit.publish('waiverdb.waiver.new', { subject: { item: lastNvr, type: 'koji_build' } });
    } else {
      house.kit.publish('resultsdb.result.new', {
        outcome,
        data: { item: [lastNvr], type: ['koji_build'] },
      });
    }
    await house.settle();
  }
  if (koji === 'fault' || koji === 'ok') house.koji.broken = koji === 'fault';
  if (typeof distgit === 'string') {
    house.distGit.missing.clear();
    if (distgit === '404') house.distGit.missing.add('yew');
    house.kit.faults.delete('dist-git');
    const answer = { status: 500, contentType: 'text/html', body: 'broken' };
    if (distgit === '500') {
      house.kit.faults.set('dist-git', {
        name: 'dist-git',
        hooks: { wire: (system) => (system === 'dist-git' ? { answer } : undefined) },
      });
    }
  }
  if (waiverdb === 'empty') house.gating.waivers.length = 0;
  if (clock === '+8 days') await house.clock.jump(7 * 86_400_000 + 1000);
  if (clock === '+3 hours') await house.clock.jump(3 * 3_600_000);
  if (task === 'approve_testing') await house.clock.advance(180_000);
  if (task === 'check_policies') {
    const asked = house.gating.asked.length;
    // Not beyond the hour: Greenwave has to answer within a minute.
    await house.clock.advance(3_600_000 - (house.clock.now() % 3_600_000));
    await house.until(() => house.gating.asked.length > asked);
    // The answer has still to be read and written down.
    for (let breaths = 0; breaths < 20; breaths += 1) await house.clock.advance(1);
  }
  if (typeof compose === 'string') {
    const done = compose.endsWith('done') || note.startsWith('pushed');
    const running = () => house.topics().filter((topic) => topic === 'bodhi.compose.composing').length;
    const ended = () => house.topics().filter((topic) => topic === 'bodhi.compose.complete').length;
    if (running() === ended()) {
      const midnight = 86_400_000 - (house.clock.now() % 86_400_000);
      // Nobody is awake on the way there; what the night brings is played.
      await house.clock.jump(midnight + 13 * 60_000);
      await house.clock.advance(60_000 + 500);
    }
    if (done) while (running() !== ended()) await house.clock.advance(60_000);
    await house.settle();
  }
}

let lastNvr = '';
