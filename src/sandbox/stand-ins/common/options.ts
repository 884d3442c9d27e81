/** One option: its spellings, and whether a value follows. `list` collects repeated ones; `words` takes all following words. */
export interface OptionSpec {
  readonly names: readonly string[];
  readonly takes?: 'value' | 'list' | 'words';
  /** For a flag that says no to another: `--nowait` of `wait`. */
  readonly off?: boolean;
}

export type Specs = Readonly<Record<string, OptionSpec>>;

type Value<S extends OptionSpec> = S['takes'] extends 'value'
  ? string | undefined
  : S['takes'] extends 'list' | 'words'
    ? readonly string[]
    : boolean | undefined;

export interface Parsed<S extends Specs> {
  readonly options: { readonly [K in keyof S]: Value<S[K]> };
  readonly args: readonly string[];
}

/** What is wrong with the arguments, to be worded by each command's own parser. */
export class UsageError extends Error {
  readonly problem: 'unknown' | 'value missing' | 'value not taken' | 'ambiguous';
  readonly option: string;

  constructor(problem: UsageError['problem'], option: string) {
    super(`${option}: ${problem}`);
    this.problem = problem;
    this.option = option;
  }
}

export interface Habits {
  /** Stop at the first argument: what follows belongs to the command it names. */
  readonly leading?: boolean;
  /** A unique beginning of a long option counts as that option (Python's parsers; click's not). */
  readonly abbreviations?: boolean;
}

/** Parses as getopt does: `--long=value`, `-ovalue`, `-abc`, `--`. Two keys may share one meaning through `off`: the last wins. */
export function parseOptions<const S extends Specs>(
  argv: readonly string[],
  specs: S,
  { leading = false, abbreviations = true }: Habits = {},
): Parsed<S> {
  const found: Record<string, string | boolean | string[] | undefined> = {};
  const args: string[] = [];
  const byName = new Map<string, readonly [string, OptionSpec]>();
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.takes === 'list' || spec.takes === 'words') found[key] = [];
    for (const name of spec.names) byName.set(name, [key, spec]);
  }

  const rest = [...argv];
  const isOption = (word: string) => word.startsWith('-') && word !== '-' && !/^-\d/.test(word);

  function take(option: string, attached: string | undefined): void {
    const [key, spec] = lookUp(option);
    if (spec.takes === undefined) {
      if (attached !== undefined) throw new UsageError('value not taken', option);
      found[key] = true;
      if (spec.off === true) for (const other of partners(key)) found[other] = undefined;
      else for (const other of partners(key)) if (specs[other]?.off === true) found[other] = undefined;
      return;
    }
    if (spec.takes === 'words') {
      const words = attached === undefined ? [] : [attached];
      while (rest[0] !== undefined && !isOption(rest[0])) words.push(rest.shift() as string);
      found[key] = words;
      return;
    }
    const value = attached ?? rest.shift();
    if (value === undefined) throw new UsageError('value missing', option);
    if (spec.takes === 'list') (found[key] as string[]).push(value);
    else found[key] = value;
  }

  function lookUp(option: string): readonly [string, OptionSpec] {
    const exact = byName.get(option);
    if (exact !== undefined) return exact;
    const near =
      abbreviations && option.startsWith('--') ? [...byName.keys()].filter((n) => n.startsWith(option)) : [];
    if (near.length > 1) throw new UsageError('ambiguous', option);
    const only = near[0] === undefined ? undefined : byName.get(near[0]);
    if (only === undefined) throw new UsageError('unknown', option);
    return only;
  }

  /** `wait` and `no_wait` speak of one thing. */
  function partners(key: string): readonly string[] {
    const bare = key.replace(/^no_?/, '');
    return Object.keys(specs).filter((other) => other !== key && other.replace(/^no_?/, '') === bare);
  }

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      args.push(...rest.splice(0));
    } else if (!isOption(word)) {
      args.push(word);
      if (leading) args.push(...rest.splice(0));
    } else if (word.startsWith('--')) {
      const [name = word, ...value] = word.split('=');
      take(name, value.length === 0 ? undefined : value.join('='));
    } else {
      const letters = word.slice(1);
      for (let at = 0; at < letters.length; at++) {
        const option = `-${letters[at]}`;
        const after = letters.slice(at + 1);
        if (lookUp(option)[1].takes === undefined) {
          take(option, undefined);
          continue;
        }
        take(option, after === '' ? undefined : after);
        break;
      }
    }
  }
  return { options: found as Parsed<S>['options'], args };
}
