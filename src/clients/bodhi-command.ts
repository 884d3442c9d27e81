import { Fault, type FaultKind } from '../core/fault.ts';
import type { Command, CommandResult, Exec, Http } from '../core/ports.ts';
import type { Charge } from '../core/system.ts';
import { killedFault } from './command.ts';
import { askJson, below, chargedTo, excerpt, looksLikeHtml } from './http-answer.ts';
import { blameLogin } from './kerberos.ts';

/** Where the command finds Bodhi and the login; the identity provider's own default counts where it is left out. */
export interface BodhiAddress {
  readonly url: string;
  readonly id_provider?: string | undefined;
}

const addressOptions = ({ url, id_provider }: BodhiAddress) => [
  '--url',
  url,
  ...(id_provider === undefined ? [] : ['--id-provider', id_provider]),
];

/**
 * `bodhi updates new`: never pushed by time or karma. The command exits 0 when it was refused: only reading back tells.
 */
export function newUpdateCommand(
  address: BodhiAddress,
  update: { readonly builds: readonly string[]; readonly notes: string; readonly type: string },
): Command {
  return {
    file: 'bodhi',
    args: [
      'updates',
      'new',
      ...addressOptions(address),
      '--type',
      update.type,
      '--notes',
      update.notes,
      '--no-autotime',
      '--no-autokarma',
      update.builds.join(','),
    ],
  };
}

export function requestCommand(
  address: BodhiAddress,
  { alias, request }: { readonly alias: string; readonly request: string },
): Command {
  return { file: 'bodhi', args: ['updates', 'request', ...addressOptions(address), alias, request] };
}

/** The alias in the box that the command prints; notes and comments below can look alike, so the first counts. */
export function updateIdOf(result: CommandResult): string | undefined {
  return /^ {3}Update ID: (\S+)$/m.exec(result.stdout)?.[1];
}

/** Whether Bodhi itself has answered that it has no such update. */
export function saysUnknownUpdate(result: CommandResult): boolean {
  return errorsOf(result.stderr)?.some(({ description }) => description === 'Invalid update id') ?? false;
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: string;
  readonly kind: FaultKind;
  readonly system: Charge;
  readonly hint?: string;
}

const REFUSALS: readonly Rule[] = [
  { pattern: /Koji error getting build/, code: 'BODHI_CANNOT_ASK', kind: 'unavailable', system: 'koji' },
  {
    pattern: /Unable to access Pagure|failed to get a resource from Pagure/,
    code: 'BODHI_CANNOT_ASK',
    kind: 'unavailable',
    system: 'dist-git',
  },
  { pattern: /already exists/, code: 'UPDATE_ALREADY_EXISTS', kind: 'rejected', system: 'bodhi' },
  {
    pattern: /does not have commit access|not a member of|No ACLs for/,
    code: 'PACKAGER_HAS_NO_ACCESS',
    kind: 'prober',
    system: 'own',
    hint: 'Give identity.user commit rights on the test package and membership of the packager group.',
  },
  {
    pattern: /Cannot manually create updates/,
    code: 'UPDATE_NOT_BY_HAND',
    kind: 'prober',
    system: 'own',
    hint: 'Bodhi makes the updates of this release by itself: use bodhi/wait-update.',
  },
  { pattern: /failed permission check/, code: 'BODHI_FORBIDDEN', kind: 'rejected', system: 'bodhi' },
  { pattern: /locked update/, code: 'UPDATE_LOCKED', kind: 'rejected', system: 'bodhi' },
  {
    pattern:
      /Invalid tag|Cannot find (?:any tags|release)|Build does not exist|not built from an allowed source/,
    code: 'BUILD_NOT_ACCEPTED',
    kind: 'rejected',
    system: 'bodhi',
  },
  { pattern: /Unable to create update/, code: 'BODHI_UNAVAILABLE', kind: 'unavailable', system: 'bodhi' },
  {
    pattern: /CSRF tokens? do(?:es)? not match/,
    code: 'BODHI_UNAVAILABLE',
    kind: 'unavailable',
    system: 'bodhi',
  },
];

/** What the command itself holds against its arguments; it also prints errors of Bodhi behind the same word. */
const USAGE =
  /^ERROR: (?:must specify |Can(?:not|'t) specify |You can not list |A comment is mandatory |The --addbuilds |Please specify )/;

/** An unhandled exception inside Bodhi shows as the name of a Python class. */
const EXCEPTION_NAME = /^(?:[A-Z][a-zA-Z]*Error|Exception)$/;

/**
 * The fault of a command that did not do its work, read from the raw body, page or traceback on stderr. A command whose update is there
 * all the same has none: the caller looks first.
 */
export function readRefusal(result: CommandResult, address: BodhiAddress): Fault {
  const { stdout, stderr } = result;
  const evidence = {
    exit: result.exit ?? null,
    signal: result.signal ?? null,
    stderr: stderr.length <= 1500 ? stderr : `…${stderr.slice(-1500)}`,
  };
  const fault = (said: string, rule: Omit<Rule, 'pattern'>) =>
    new Fault(`bodhi: ${excerpt(said, 200)}`, {
      code: rule.code,
      kind: rule.kind,
      system: rule.system,
      ...(rule.hint === undefined ? {} : { hint: rule.hint }),
      evidence,
    });

  const errors = errorsOf(stderr);
  if (errors !== undefined) {
    const said = errors.map(({ description }) => description).join('; ');
    const rule = REFUSALS.find(({ pattern }) => pattern.test(said));
    if (rule !== undefined) return fault(said, rule);
    if (errors.some(({ name }) => EXCEPTION_NAME.test(name)))
      return fault(said, { code: 'BODHI_UNAVAILABLE', kind: 'unavailable', system: 'bodhi' });
    return fault(said, { code: 'BODHI_REFUSED', kind: 'rejected', system: 'bodhi' });
  }
  const provider = 'fas' as const;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  if (/Cancelled\.\s*$/.test(stderr)) {
    // Asked for a code of the browser. After a refused refresh the next call logs in by Kerberos again; a Kerberos login that was refused
    // stays so, and says the same whatever is wrong with the ticket.
    return /Kerberos authentication failed/.test(stdout)
      ? fault('the identity provider refused the Kerberos ticket', {
          code: 'BODHI_LOGIN_REFUSED',
          kind: 'rejected',
          system: provider,
        })
      : fault('the login has expired and was dropped', {
          code: 'BODHI_LOGIN_EXPIRED',
          kind: 'unavailable',
          system: provider,
        });
  }
  if (/json\.load\(f\)/.test(stderr)) {
    return fault('its token file is broken', {
      code: 'BODHI_TOKEN_FILE_BROKEN',
      kind: 'prober',
      system: 'own',
      hint: 'Two bodhi commands wrote into one HOME at once; a new run has a HOME of its own.',
    });
  }
  // A page goes on over several lines behind the name of the exception.
  const page = /OIDCClientError: \s*(?=<)([\s\S]*)/.exec(stderr)?.[1];
  if (page !== undefined || looksLikeHtml(stderr) || /<h1>/.test(last)) {
    const outage = /\b(?:50[0234]|429)\b/.test(page ?? stderr);
    const ofProvider = page !== undefined || /OIDCClientError/.test(last);
    const unavailable = ofProvider ? 'ID_PROVIDER_UNAVAILABLE' : 'BODHI_UNAVAILABLE';
    return fault(outage ? 'a proxy answered in its place' : 'answered HTML', {
      code: outage ? unavailable : 'BODHI_ANSWER_MALFORMED',
      kind: outage ? 'unavailable' : 'malformed',
      system: ofProvider ? provider : 'bodhi',
    });
  }
  if (
    /HTTPConnectionPool|HTTPSConnectionPool|Connection aborted|ConnectionError|(?:5\d\d Server|429 Client) Error/.test(
      last,
    )
  ) {
    const ofProvider =
      address.id_provider !== undefined && !/oidc\/login-token|\/csrf|\/updates/.test(last)
        ? last.includes(pathOf(address.id_provider)) || last.includes(hostOf(address.id_provider))
        : /openid/.test(last);
    return fault(last, {
      code: ofProvider ? 'ID_PROVIDER_UNAVAILABLE' : 'BODHI_UNAVAILABLE',
      kind: 'unavailable',
      system: ofProvider ? provider : 'bodhi',
    });
  }
  if (/JSONDecodeError/.test(last)) {
    return fault('an answer was no JSON', {
      code: 'BODHI_ANSWER_MALFORMED',
      kind: 'malformed',
      system: /well-known|oidcclient/.test(stderr) ? provider : 'bodhi',
    });
  }
  if ((result.exit === 2 && /^Usage: |^Error: /m.test(stderr)) || USAGE.test(last)) {
    return fault(last, {
      code: 'BODHI_USAGE',
      kind: 'prober',
      system: 'own',
      hint: 'The bodhi command on this host does not take these arguments: look at its version.',
    });
  }
  const killed = killedFault(result);
  if (killed !== undefined) return killed;
  return fault(last || 'no update and no reason', {
    code: 'BODHI_UNKNOWN_ANSWER',
    kind: 'unexpected',
    system: 'own',
    hint: 'A text of the bodhi command that packprobe does not know: report it.',
  });
}

/** What the command takes where it is not told another. */
const DEFAULT_PROVIDER = 'https://id.fedoraproject.org/openidc';

/** A word with the identity provider is short, also where the time of a step is over. Real milliseconds. */
const PROVIDER_LIMIT_MS = 10_000;

interface Place {
  readonly exec: Exec;
  readonly http: Http;
  readonly address: BodhiAddress;
}

/** Runs a `bodhi` command; one that does not end is charged to the identity provider where that is what does not answer. */
export async function runBodhi(command: Command, place: Place, signal: AbortSignal): Promise<CommandResult> {
  try {
    return await chargedTo('bodhi', () => place.exec(command, signal));
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    // Where the limit of the step has passed its signal is of no use: the question goes on under a limit of its own.
    const asking = thrown.kind === 'timeout' ? new AbortController().signal : signal;
    throw await blameProvider(thrown, place, asking);
  }
}

/** Who is to blame for what a finished command said: for a login that was refused, and for a server that it does not name. */
export async function blameRefusal(
  refusal: Fault,
  context: Parameters<typeof blameLogin>[1] & Place,
  signal: AbortSignal,
): Promise<Fault> {
  return blameProvider(await blameLogin(refusal, context, signal), context, signal);
}

/**
 * A command that hangs, was cut off or got no JSON does not say with which of its two servers: the identity provider is asked itself, Bodhi is
 * asked by whoever looks for what the command should have made.
 */
export async function blameProvider(
  fault: Fault,
  { http, address }: Pick<Place, 'http' | 'address'>,
  signal: AbortSignal,
): Promise<Fault> {
  const { kind } = fault;
  const isDoubtful = kind === 'unavailable' || kind === 'malformed' || kind === 'timeout';
  if (fault.system !== 'bodhi' || !isDoubtful) return fault;
  const url = below(address.id_provider ?? DEFAULT_PROVIDER, '.well-known/openid-configuration');
  try {
    await askJson(http, 'fas', { url, limitMs: PROVIDER_LIMIT_MS }, signal);
    return fault;
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof Fault)) return fault;
    // A refusal is an answer: the provider is there.
    if (thrown.kind !== 'unavailable' && thrown.kind !== 'malformed') return fault;
    const broken = thrown.kind === 'malformed' ? 'BODHI_ANSWER_MALFORMED' : 'ID_PROVIDER_UNAVAILABLE';
    // A limit that has passed stays one.
    const isOver = kind === 'timeout';
    return new Fault(`${fault.message}; the identity provider does not do its part: ${thrown.message}`, {
      code: isOver ? fault.code : broken,
      kind: isOver ? kind : thrown.kind,
      system: 'fas',
      evidence: { ...fault.evidence, ...thrown.evidence },
      cause: fault,
    });
  }
}

/** After these the work can still go on behind the answer: an update may appear. */
export function maybeDone(fault: Fault): boolean {
  return fault.kind === 'unavailable' || fault.kind === 'malformed' || fault.kind === 'unexpected';
}

function errorsOf(text: string): readonly { name: string; description: string }[] | undefined {
  for (const line of [text, ...text.split('\n')]) {
    if (!line.trim().startsWith('{')) continue;
    try {
      const { errors } = JSON.parse(line) as { errors?: unknown };
      if (!Array.isArray(errors)) continue;
      return errors.map((error: { name?: unknown; description?: unknown }) => ({
        name: String(error?.name ?? ''),
        description: String(error?.description ?? ''),
      }));
    } catch {
      // Not JSON after all: the text is read by its other signs.
    }
  }
  return undefined;
}

function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function pathOf(url: string): string {
  const path = url.replace(/^https?:\/\/[^/]+/, '').replace(/\/+$/, '');
  return path === '' ? '\0' : path;
}
