import { epochOf } from '../core/civil.ts';
import { Fault, type FaultKind } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Command, CommandResult, Exec } from '../core/ports.ts';
import type { StepContext } from '../core/step.ts';
import { evidenceOf, killedFault } from './command.ts';
import { chargedTo } from './http-answer.ts';

/**
 * A KDC that is silent costs kinit 27 s, two of them 40 s, and no setting of krb5.conf shortens that (MIT 1.20). Real milliseconds.
 */
const KINIT_LIMIT_MS = 45_000;

/** A ticket from a keytab; the cache is that of KRB5CCNAME. */
export function kinitCommand(keytab: string, principal: string): Command {
  return { file: 'kinit', args: ['-k', '-t', keytab, principal], limitMs: KINIT_LIMIT_MS };
}

/** Silent: exit 0 where the cache holds a ticket that is still valid. It asks nobody: a revoked principal goes unnoticed. */
export function klistSilentCommand(): Command {
  return { file: 'klist', args: ['-s'] };
}

/** Lists the cache; exits 0 also where all tickets have expired. */
export function klistCommand(): Command {
  return { file: 'klist', args: [] };
}

interface Reading {
  readonly text: RegExp;
  readonly code: string;
  readonly kind: FaultKind;
  readonly says: string;
  readonly hint: string;
  /** The text means the same in the output of git and others, which speak Kerberos through GSSAPI. */
  readonly anywhere?: true;
}

/** MIT's texts, the more telling first: the same tail (`No credentials cache found`) stands behind several of them. */
const READINGS: readonly Reading[] = [
  {
    text: /contact any KDC|Cannot resolve (?:servers|network address) for KDC/,
    code: 'KDC_UNREACHABLE',
    kind: 'unavailable',
    says: 'no KDC of the realm could be reached',
    hint: 'Look at the KDC, the proxy before it (its TLS certificate too) and the network between.',
    anywhere: true,
  },
  {
    text: /Cannot find KDC for|does not specify default realm|Kerberos configuration file/,
    code: 'KERBEROS_CONFIG',
    kind: 'prober',
    says: 'krb5.conf does not know the realm, or cannot be read',
    hint: 'Name the KDC of the realm in krb5.conf, or set systems.fas.krb5_config to a file that does.',
  },
  {
    text: /Failed to store credentials|cache I\/O operation failed|Credentials cache permissions incorrect/,
    code: 'KERBEROS_CACHE_UNWRITABLE',
    kind: 'prober',
    says: 'the credential cache could not be written',
    hint: "Look at the run's work folder: does it exist, is it writable, is the disk full?",
  },
  {
    text: /Key table file .* not found|is nonexistent or empty/,
    code: 'KERBEROS_KEYTAB_MISSING',
    kind: 'prober',
    says: 'the keytab is missing',
    hint: 'Mount the keytab where identity.keytab of the environment file says it is.',
  },
  {
    text: /no suitable keys|[Kk]ey table entry (?:not )?found/,
    code: 'KERBEROS_KEYTAB_NO_KEYS',
    kind: 'prober',
    says: 'the keytab holds no keys of the principal',
    hint: 'Compare `klist -k KEYTAB` with identity.principal of the environment file: name, host part and realm must agree.',
  },
  {
    // With a hyphen it is the library reading the keytab; without one it is the answer of the KDC.
    text: /Unsupported key table format|Pre-authentication failed: /,
    code: 'KERBEROS_KEYTAB_UNREADABLE',
    kind: 'prober',
    says: 'the keytab could not be read',
    hint: 'Is the file a keytab (a base64 secret must begin with `base64:`), and may this user read it?',
  },
  {
    text: /Preauthentication failed|Decrypt integrity check failed|Password incorrect/,
    code: 'KERBEROS_PREAUTH_FAILED',
    kind: 'prober',
    says: 'the KDC refused the key of the keytab',
    hint: 'The key was renewed elsewhere (each `ipa-getkeytab` makes older keytabs invalid): fetch a new keytab.',
  },
  {
    text: /Client .*not found in Kerberos database/,
    code: 'KERBEROS_PRINCIPAL_UNKNOWN',
    kind: 'prober',
    says: 'the KDC does not know the principal',
    hint: 'Check identity.principal, its host part and realm; ask the account team whether it was deleted.',
  },
  {
    text: /credentials have been revoked|entry in database has expired|Password has expired/,
    code: 'KERBEROS_PRINCIPAL_REVOKED',
    kind: 'prober',
    says: 'the principal is locked or has expired',
    hint: 'Ask the account team to unlock the principal or to extend it.',
  },
  {
    text: /Clock skew too great|Client not yet valid/,
    code: 'KERBEROS_CLOCK_SKEW',
    kind: 'prober',
    says: "this host's clock is off",
    hint: 'Mend the time synchronisation (chronyd, systemd-timesyncd) of this host.',
    anywhere: true,
  },
  {
    text: /Ticket expired|No Kerberos credentials available|No credentials cache found/,
    code: 'KERBEROS_TICKET_EXPIRED',
    kind: 'prober',
    says: 'there is no valid ticket',
    hint: 'Let the probe begin with `fas/login`; a run that outlives its ticket needs a second one later.',
    anywhere: true,
  },
  {
    text: /KDC policy rejects|KDC has no support|KDC can't fulfill|Server .*not found in Kerberos database/,
    code: 'KDC_REFUSED',
    kind: 'rejected',
    says: 'the KDC refused to give a ticket',
    hint: 'Ask the account team what changed in policy or encryption types.',
  },
  {
    text: /service is not available that is required|Generic error|KDC reply did not match|Looping detected|ASN\.1/,
    code: 'KDC_BROKEN',
    kind: 'unavailable',
    says: 'the KDC answered that it is broken',
    hint: 'Look at the log of the KDC and of its database.',
  },
];

/** Judges a finished kinit; throws what its text says. */
export function judgeKinit(result: CommandResult): void {
  if (result.exit === 0) return;
  const killed = killedFault(result);
  if (killed !== undefined) throw killed;
  const evidence = evidenceOf(result);
  const reading = READINGS.find(({ text }) => text.test(result.stderr));
  if (reading !== undefined) throw faultOf(reading, 'kinit', evidence);
  throw new Fault('kinit failed with a text that packprobe does not know', {
    code: 'KERBEROS_UNKNOWN',
    kind: 'unexpected',
    evidence,
    hint: 'Read the evidence, and report the text so that packprobe learns it.',
  });
}

/** A Kerberos trouble that another command tells of: charged to the KDC or to us, never to the system that was spoken to. */
export function kerberosFaultIn(text: string, doing: string, evidence: JsonObject): Fault | undefined {
  const reading = READINGS.find(({ anywhere, text: known }) => anywhere === true && known.test(text));
  return reading === undefined ? undefined : faultOf(reading, doing, evidence);
}

function faultOf({ code, kind, says, hint }: Reading, doing: string, evidence: JsonObject): Fault {
  return new Fault(`${doing}: ${says}`, { code, kind, system: 'fas', evidence, hint });
}

export interface TicketCache {
  readonly principal: string;
  readonly tickets: readonly Ticket[];
}

/** Times are epoch ms of the host. */
export interface Ticket {
  readonly starts: number;
  readonly expires: number;
  readonly service: string;
}

/** Reads plain `klist`; dates are taken as UTC, in the form of the C locale with two or four digits of the year. */
export function parseKlist(stdout: string): TicketCache | undefined {
  const principal = /^Default principal: (\S+)$/m.exec(stdout)?.[1];
  if (principal === undefined) return undefined;
  const stamp = String.raw`(\d\d)/(\d\d)/(\d\d|\d{4}) (\d\d):(\d\d):(\d\d)`;
  const tickets: Ticket[] = [];
  for (const match of stdout.matchAll(new RegExp(`^${stamp} +${stamp} +(\\S+)$`, 'gm'))) {
    tickets.push({
      starts: epochOfStamp(match.slice(1, 7)),
      expires: epochOfStamp(match.slice(7, 13)),
      service: match[13] ?? '',
    });
  }
  return { principal, tickets };
}

function epochOfStamp(parts: readonly string[]): number {
  const [month = 1, day = 1, year = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return epochOf({ year: year < 100 ? 2000 + year : year, month, day, hour, minute, second });
}

/** When the ticket-granting ticket of the cache's own realm expires, epoch ms of the host. */
export function expiryOf({ principal, tickets }: TicketCache): number | undefined {
  const realm = principal.slice(principal.lastIndexOf('@') + 1);
  return tickets.find(({ service }) => service === `krbtgt/${realm}@${realm}`)?.expires;
}

/** Gets a ticket and reads back whose it is and how long it lasts (epoch ms of the host). */
export async function login(
  exec: Exec,
  { keytab, principal }: { readonly keytab: string; readonly principal: string },
  signal: AbortSignal,
): Promise<{ readonly principal: string; readonly expires: number }> {
  judgeKinit(await exec(kinitCommand(keytab, principal), signal));
  const silent = await exec(klistSilentCommand(), signal);
  const listed = await exec(klistCommand(), signal);
  const evidence = {
    ...evidenceOf(listed),
    klist: listed.stdout.slice(0, 1000),
    silent: silent.exit ?? null,
  };
  const cache = listed.exit === 0 ? parseKlist(listed.stdout) : undefined;
  const expires = cache === undefined ? undefined : expiryOf(cache);
  if (silent.exit !== 0) {
    // kinit corrects small offsets by the KDC's time; a clock that is a day ahead gets a ticket that is over at once.
    throw new Fault('the new ticket has already expired by the clock of this host', {
      code: 'KERBEROS_CLOCK_SKEW',
      kind: 'prober',
      evidence,
      hint: 'Mend the time synchronisation (chronyd, systemd-timesyncd) of this host.',
    });
  }
  if (cache === undefined || expires === undefined) {
    throw new Fault('klist does not show the ticket that kinit got', {
      code: 'KLIST_UNREADABLE',
      kind: 'unexpected',
      evidence,
      hint: 'Read the evidence: is this klist MIT Kerberos, and does it obey LC_ALL?',
    });
  }
  return { principal: cache.principal, expires };
}

/** Refusals that are told in the same words whatever is wrong with the ticket. */
const LOGIN_REFUSED: readonly string[] = ['KOJI_LOGIN_REFUSED', 'BODHI_LOGIN_REFUSED'];

/** The fault itself, or who is to blame for the login that a command was refused. */
export async function blameLogin(
  fault: Fault,
  context: Parameters<typeof judgeRefusedTicket>[0],
  signal: AbortSignal,
): Promise<Fault> {
  return LOGIN_REFUSED.includes(fault.code) ? judgeRefusedTicket({ ...context, signal }, fault) : fault;
}

/**
 * Finds out who is to blame when a system refuses our Kerberos login: all of them say the same 401 for no ticket, an expired ticket, a dead keytab and a
 * dead KDC. Only when the ticket is valid and the KDC gives another one is it the system that refuses.
 *
 * @param refusal what is to be thrown when the system itself is to blame
 */
export async function judgeRefusedTicket(
  context: Pick<StepContext, 'exec' | 'env' | 'home' | 'files' | 'secretFile' | 'signal'>,
  refusal: Fault,
): Promise<Fault> {
  const { exec, env, home, signal } = context;
  const silent = await exec(klistSilentCommand(), signal);
  if (silent.exit !== 0) {
    return new Fault(`${refusal.message}: our ticket is missing or has expired`, {
      code: 'KERBEROS_TICKET_EXPIRED',
      kind: 'prober',
      evidence: refusal.evidence,
      hint: 'Let the probe begin with `fas/login`; a run that outlives its ticket needs a second one later.',
      cause: refusal,
    });
  }
  const scratch = `${home}/krb5cc.check`;
  try {
    const { keytab: secret, principal } = env.identity;
    const keytab = await context.secretFile(secret);
    const command = kinitCommand(keytab, principal);
    const asked = { ...command, env: { KRB5CCNAME: `FILE:${scratch}` } };
    judgeKinit(await chargedTo('fas', () => exec(asked, signal)));
  } catch (error) {
    // The limit of a step that passes during this question is not the KDC's doing.
    signal.throwIfAborted();
    if (error instanceof Fault) return error;
    throw error;
  } finally {
    await context.files.remove(scratch);
  }
  return refusal;
}
